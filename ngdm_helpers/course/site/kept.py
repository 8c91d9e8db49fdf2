"""For JupyterLite, which has no PyTorch: what a cell that needs it gave when its notebook was built."""

import json
import pathlib

FILE = pathlib.Path(__file__).with_name("kept.json")  # {what the cell shows: its outputs}; only JupyterLite has it


def show(what):
    """Say that there is no PyTorch, and show what the cell that shows ``what`` gave where there was."""
    from IPython.display import display

    outputs = json.loads(FILE.read_text(encoding="utf-8")).get(what, [])
    rest = "what it gave elsewhere is below." if outputs else "it gives no output elsewhere."
    print(f"There is no PyTorch for browsers, so this cell is not run: {what}; {rest}")
    for output in outputs:
        if "text" in output:
            print(output["text"], end="")
        else:
            display(output["data"], raw=True)
