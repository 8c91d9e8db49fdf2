"""The course: what only these four notebooks need, and the command ``ngdm``.

Without PyTorch three of the four still run to the end. A cell that needs it begins with a comment that names what it
shows, ``# Needs PyTorch: what autograd returns at a kink``; importing this package where PyTorch is missing makes
IPython put one sentence in its place, and in a browser what the cell gave elsewhere. For everything else it remains a
comment.
"""

import importlib.util
import sys

TORCH_MARK = "# Needs PyTorch: "


def has_torch():
    """Whether PyTorch can be imported, found without importing it."""
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # a finder that refuses it; a stand-in without a spec
        return False


def without_torch(lines):
    """IPython's input transformer: a cell that begins with `TORCH_MARK` becomes a sentence on what it leaves out."""
    if not lines or not lines[0].startswith(TORCH_MARK):
        return lines
    what = lines[0].removeprefix(TORCH_MARK).strip()
    if sys.platform == "emscripten":
        return [f"__import__('ngdm_helpers.course.site.kept', fromlist=['show']).show({what!r})\n"]
    missing = f"PyTorch is not installed, so this cell leaves out {what}"
    remedy = "to get it, run make lab, or pip install torch torchvision, and restart the kernel."
    return [f"print({f'{missing}; {remedy}'!r})\n"]


_shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
if _shell is not None and not has_torch():
    _shell.input_transformers_cleanup.append(without_torch)
    if sys.platform == "emscripten":
        from ngdm_helpers.course.site import later

        later.install()
