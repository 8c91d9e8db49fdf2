"""Without torch every slider opens: a process in which torch and torchvision cannot be imported."""

import subprocess
import sys

import pytest

from ngdm_helpers.course import explorers

BLOCKED = '''
import sys

class NoTorch:
    """An import finder in front of all others that knows no torch."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
'''

OPEN_ALL = """
from tests.test_explorers import EXPLORERS

for name, explorer in EXPLORERS.items():
    widget = explorer()
    assert widget.png.startswith(b"\\x89PNG"), name
print(len(EXPLORERS))
"""


def run_without_torch(code):
    return subprocess.run([sys.executable, "-c", BLOCKED + code], capture_output=True, text=True, encoding="utf-8")


@pytest.mark.slow
def test_every_explorer_opens_without_torch():
    done = run_without_torch(OPEN_ALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(explorers.__all__)}\n"


def test_torch_is_blocked_there():
    done = run_without_torch("import torch")
    assert "ModuleNotFoundError: No module named 'torch'" in done.stderr
