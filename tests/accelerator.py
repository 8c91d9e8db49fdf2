"""A pretended accelerator: a device of its own for tests, on machines without a GPU, with the CPU's arithmetic.

What fails first on a GPU is seldom the arithmetic: a tensor that stayed on the CPU meets one that did not, or NumPy is
handed one. On ``DEVICE`` both raise, as on CUDA, and numbers can be compared with those of the CPU:

    with accelerator.pretended():
        there = function(tensor.to(accelerator.DEVICE))
    accelerator.home(there)

The name is that of a device torch knows without having anything behind it. It must be one whose gradients autograd
computes in the calling thread; it asks for a driver with others.
"""

import contextlib

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "lazy"
_aten = torch.ops.aten
_MOVES = (_aten._to_copy.default, _aten.copy_.default)
_INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")  # an index may lie on the CPU
_FROM_PYTHON = (torch.tensor, torch.asarray, torch.as_tensor)
_DATA = torch.Tensor.data


class Away(torch.Tensor):
    """A tensor on the pretended device; ``inner`` holds its numbers."""

    @staticmethod
    def __new__(cls, inner):
        layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset()}
        tensor = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype, device=DEVICE, **layout)
        tensor.inner = inner
        return tensor

    def __repr__(self):
        return f"Away({self.inner!r})"

    def __reduce_ex__(self, protocol):  # saved, and loaded on the CPU
        return self.inner.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), options=None):
        return _compute(function, arguments, options or {})


def _compute(function, arguments, options):
    """``function`` on the numbers; the result is where its arguments are, or where ``device`` says."""
    tensors = [leaf for leaf in tree_leaves((arguments, options)) if isinstance(leaf, torch.Tensor)]
    away = any(isinstance(tensor, Away) for tensor in tensors)
    if away and function not in _MOVES:
        indexing = function.overloadpacket.__name__ in _INDEXING
        for tensor in tensors[:1] if indexing else tensors:
            if not isinstance(tensor, Away) and tensor.ndim > 0:
                raise RuntimeError(f"expected all tensors on one device, found {DEVICE} and cpu in {function}")
    if function is _aten.copy_.default:
        away = isinstance(arguments[0], Away)
    elif options.get("device") is not None:
        away = torch.device(options["device"]).type == DEVICE
        options = {**options, "device": "cpu"}
    arguments, options = tree_map(_inner, (arguments, options))
    known = {id(tensor.inner): tensor for tensor in tensors if isinstance(tensor, Away)}
    result = function(*arguments, **options)

    def placed(part):
        if not isinstance(part, torch.Tensor) or not away:
            return part
        return known[id(part)] if id(part) in known else Away(part)

    return tree_map(placed, result)


def _inner(value):
    return value.inner if isinstance(value, Away) else value


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        return _compute(function, arguments, options or {})


class _Python(TorchFunctionMode):
    """What does not come by as an operation: tensors made of Python's numbers, ``.data``, what looks at the storage."""

    def __torch_function__(self, function, types, arguments=(), options=None):
        options = dict(options or {})
        if function in _FROM_PYTHON and options.get("device") is not None:
            device = options.pop("device")
            return function(*arguments, **options).to(device)
        if isinstance(arguments[0] if arguments else None, Away):
            if function == _DATA.__get__:
                return arguments[0].detach()
            if function == _DATA.__set__:
                arguments[0].inner = arguments[1].inner
            if function in (torch.Tensor.tolist, torch.Tensor.data_ptr):
                return function(arguments[0].inner)
        return function(*arguments, **options)


@contextlib.contextmanager
def pretended():
    """The device exists within this context."""
    with _Operations(), _Python():
        yield


def home(value):
    """``value`` with its tensors as NumPy arrays; AssertionError if a tensor is not on the device."""

    def fetched(leaf):
        if isinstance(leaf, torch.Tensor):
            assert isinstance(leaf, Away) or leaf.is_cuda, f"a tensor is on the CPU: {leaf!r}"
            leaf = leaf.inner if isinstance(leaf, Away) else leaf
            return leaf.detach().cpu().numpy()
        return leaf if isinstance(leaf, (str, bool)) or leaf is None else np.asarray(leaf)

    return tree_map(fetched, value)
