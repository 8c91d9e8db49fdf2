"""What every public function asks of its arguments.

Each check names the argument, the value it got and what is allowed, and returns the argument in the form
that the caller computes with. Python numbers stay numbers; arrays stay in their library and on their device.
"""

import math
import numbers

import array_api_compat
import numpy as np


def namespace(array):
    """The array API namespace of ``array``.

    NumPy ≥ 2.1 implements the standard itself. Its own functions are used as they are, because
    array-api-compat's wrappers cost more (1.8 µs for a ``sign``) than a two-dimensional update does.
    """
    return np if isinstance(array, np.ndarray) else array_api_compat.array_namespace(array)


def sign(array):
    """The elementwise sign of ``array``'s own library, sign(0) = 0.

    array-api-compat's sign for torch also carries NaN over, at fifty times the price on a CPU; an iterate that is NaN
    stays NaN under every update rule as it is.
    """
    if array_api_compat.is_torch_array(array):
        import torch

        return torch.sign
    return namespace(array).sign


def is_array(value):
    """True for an array of any library; NumPy scalars count as numbers."""
    return array_api_compat.is_array_api_obj(value) and not isinstance(value, np.generic)


def floating(name, value, *, like=None):
    """``value`` as a floating-point array: an array is returned as it is, a list becomes one.

    A list takes the library, dtype and device of ``like`` (NumPy float64 without it).
    Raises TypeError for anything else and ValueError for entries that are not finite.
    """
    if not is_array(value):
        try:
            plain = np.asarray(value)
            if value is None or plain.dtype.kind in "US":
                raise TypeError
            value = plain.astype(np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be an array of numbers, got {value!r}") from None
        if like is not None:
            value = namespace(like).asarray(value, dtype=like.dtype, device=array_api_compat.device(like))
    xp = namespace(value)
    if not array_api_compat.array_namespace(value).isdtype(value.dtype, "real floating"):
        raise TypeError(f"{name} must have a floating dtype (float32, float64), got {value.dtype}")
    _require(name, value, xp.isfinite(value), "finite")
    return value


def vectors(name, value, *, like=None):
    """``value`` as a floating-point array of shape (..., p) with p ≥ 1."""
    value = floating(name, value, like=like)
    if value.ndim < 1 or value.shape[-1] < 1:
        raise ValueError(f"{name} must have shape (..., p) with p ≥ 1, got {tuple(value.shape)}")
    return value


def _require(name, value, ok, what):
    """ValueError that names the first entry of ``value`` at which ``ok`` is false."""
    xp = namespace(ok)
    if bool(xp.all(ok)):
        return
    flat = [bool(entry) for entry in xp.reshape(ok, (-1,))]
    index = np.unravel_index(flat.index(False), ok.shape)
    at = f" at index {tuple(int(i) for i in index)}" if ok.ndim else ""
    raise ValueError(f"{name} must be {what}, got {float(value[tuple(index)])!r}{at}")


def _real(name, value, minimum_allowed, what, or_else, like=None):
    if is_array(value) or isinstance(value, (list, tuple)):
        value = floating(name, value, like=like)
        _require(name, value, minimum_allowed(value), what)
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {or_else}, got {value!r}")
    value = float(value)
    if not minimum_allowed(value):
        raise ValueError(f"{name} must be {what}, got {value!r}")
    if math.isinf(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return value


def positive(name, value, or_else="a number or an array over the batch", like=None):
    """A number, or an array over the batch, with every entry > 0 and finite; a list becomes an array like ``like``."""
    return _real(name, value, lambda v: v > 0, "positive", or_else, like)


def nonnegative(name, value, or_else="a number or an array over the batch", like=None):
    """A number, or an array over the batch, with every entry ≥ 0 and finite; a list becomes an array like ``like``."""
    return _real(name, value, lambda v: v >= 0, "non-negative", or_else, like)


def _number(name, value, allowed, what):
    if is_array(value) or isinstance(value, (list, tuple)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return _real(name, value, allowed, what, "a number")


def positive_number(name, value):
    """A Python float > 0 and finite."""
    return _number(name, value, lambda v: v > 0, "positive")


def fraction(name, value):
    """A Python float in [0, 1)."""
    return _number(name, value, lambda v: 0 <= v < 1, "at least 0 and below 1")


def count(name, value):
    """A positive Python integer."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a positive integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be a positive integer, got {int(value)}")
    return int(value)


def choice(name, value, allowed):
    """One of the strings in ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


def symmetric(name, value):
    """A symmetric array of shape (..., p, p)."""
    A = floating(name, value)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2] or 0 in A.shape:
        raise ValueError(f"{name} must have shape (..., p, p), got {tuple(A.shape)}")
    xp = namespace(A)
    gap, size = (xp.max(xp.abs(part), axis=(-2, -1)) for part in (A - xp.matrix_transpose(A), A))
    if bool(xp.any(gap > 1e-6 * size)):
        raise ValueError(f"{name} must be symmetric, got max |{name} − {name}ᵀ| = {float(xp.max(gap)):.3g}")
    return A


def same_home(name, value, like, like_name="beta"):
    """TypeError unless ``value`` is of the library of ``like``, ValueError unless it is on its device; numbers pass."""
    if not (is_array(value) and is_array(like)):
        return
    ours, theirs = array_api_compat.array_namespace(like), array_api_compat.array_namespace(value)
    if ours is not theirs:
        raise TypeError(
            f"{name} must be an array of the same library as {like_name} ({_library(like)}), got {_library(value)}"
        )
    if array_api_compat.device(value) != array_api_compat.device(like):
        raise ValueError(
            f"{name} must be on the device of {like_name} ({array_api_compat.device(like)}), "
            f"got {array_api_compat.device(value)}: move it there yourself, nothing is moved silently"
        )


def _library(array):
    return type(array).__module__.partition(".")[0]


def broadcast(batch, **shapes):
    """The shape that ``batch`` and the named batch shapes broadcast to, or a ValueError that names the misfit."""
    for name, shape in shapes.items():
        try:
            batch = np.broadcast_shapes(batch, shape)
        except ValueError:
            raise ValueError(
                f"{name} must broadcast against the batch {tuple(batch)}, got shape {tuple(shape)}"
            ) from None
    return batch
