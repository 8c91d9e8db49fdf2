"""What every public function asks of its arguments, and the array operations that the objectives share.

Each check names the argument, the value it got and what is allowed, and returns the argument in the form
that the caller computes with. Python numbers stay numbers; arrays stay in their library and on their device.
"""

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import array_api_compat
import numpy as np

# An array of any library that follows the Python array API standard: NumPy, torch, …; checked as the program runs.
Array = Any
Number = float | Array  # a number, or an array over the batch
_TOO_LARGE = "a number beyond ±1.8e308"  # an integer of so many digits that Python may refuse to print it
NUMBER, BATCHED = "a number", "a number or an array over the batch"


def namespace(array: Array) -> Any:
    """The array API namespace of ``array``.

    NumPy ≥ 2.1 implements the standard itself. Its own functions are used as they are, because
    array-api-compat's wrappers cost more (1.8 µs for a ``sign``) than a two-dimensional update does.
    """
    return np if isinstance(array, np.ndarray) else array_api_compat.array_namespace(array)


def is_array(value: Any) -> bool:
    """True for an array of any library; NumPy scalars count as numbers."""
    return array_api_compat.is_array_api_obj(value) and not isinstance(value, np.generic)


def shape(value: Any) -> tuple[int, ...]:
    """The shape of an array, () for anything else."""
    return tuple(value.shape) if is_array(value) else ()


# --- numbers and arrays -----------------------------------------------------------------------------------------------
def floating(name: str, value: Any, *, like: Array | None = None) -> Array:
    """``value`` as a floating-point array: an array is returned as it is, a list becomes one.

    A list takes the library, dtype and device of ``like`` (NumPy float64 without it).
    Raises TypeError for anything else and ValueError for entries that are masked or not finite.
    """
    if np.ma.is_masked(value):
        raise ValueError(f"{name} must have no masked entries, got {np.ma.count_masked(value)}")
    if not is_array(value):
        try:
            if value is None or np.asarray(value).dtype.kind not in "iufO":  # O: numbers of other kinds, Fraction
                raise TypeError
            value = np.asarray(value).astype(np.float64)
        except OverflowError:
            raise ValueError(f"{name} must be finite, got {_TOO_LARGE}") from None
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be an array of numbers, got {value!r}") from None
        if like is not None:
            value = namespace(like).asarray(value, dtype=like.dtype, device=array_api_compat.device(like))
    if "torch.strided" != str(getattr(value, "layout", "torch.strided")) or getattr(value, "is_meta", False):
        raise TypeError(f"{name} must be a dense tensor with entries, got {value.layout} on {value.device}")
    xp = namespace(value)
    if not array_api_compat.array_namespace(value).isdtype(value.dtype, "real floating"):
        raise TypeError(f"{name} must have a floating dtype (float32, float64), got {value.dtype}")
    require(name, value, xp.isfinite(value), "finite")
    return value


def vectors(name: str, value: Any, *, like: Array | None = None) -> Array:
    """``value`` as a floating-point array of shape (..., p) with p ≥ 1."""
    value = floating(name, value, like=like)
    if value.ndim < 1 or value.shape[-1] < 1:
        raise ValueError(f"{name} must have shape (..., p) with p ≥ 1, got {tuple(value.shape)}")
    return value


def require(name: str, value: Any, ok: Any, allowed: str) -> None:
    """ValueError unless ``ok``, a bool, or booleans for the entries of ``value``, whose first bad one is named."""
    many, at = is_array(ok), ""
    if bool(namespace(ok).all(ok) if many else ok):
        return
    if many:
        flat = [bool(entry) for entry in namespace(ok).reshape(ok, (-1,))]
        index = tuple(int(i) for i in np.unravel_index(flat.index(False), ok.shape))
        value, at = float(value[index]), f" at index {index}" if index else ""
    raise ValueError(f"{name} must be {allowed}, got {value!r}{at}")


def _real(name, value, inside, allowed, expected, like=None):
    """``value`` after the test ``inside``, which ``allowed`` puts in words; ``expected``: the types, in words."""
    if expected != NUMBER and (is_array(value) or isinstance(value, (list, tuple))):
        value = floating(name, value, like=like)
        require(name, value, inside(value), allowed)
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {expected}, got {value!r}")
    try:
        value = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got {_TOO_LARGE}") from None
    if not inside(value):
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    if math.isinf(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return value


def positive(name: str, value: Any, expected: str = BATCHED, like: Array | None = None) -> Number:
    """A number, or an array over the batch, with every entry > 0 and finite; a list becomes an array like ``like``."""
    return _real(name, value, lambda v: v > 0, "positive", expected, like)


def nonnegative(name: str, value: Any, expected: str = BATCHED, like: Array | None = None) -> Number:
    """A number, or an array over the batch, with every entry ≥ 0 and finite; a list becomes an array like ``like``."""
    return _real(name, value, lambda v: v >= 0, "non-negative", expected, like)


def finite(name: str, value: Any, expected: str = BATCHED, like: Array | None = None) -> Number:
    """A finite number, or an array of them over the batch; a list becomes an array like ``like``."""
    return _real(name, value, lambda v: v == v, "finite", expected, like)


def positive_number(name: str, value: Any) -> float:
    """A Python float > 0 and finite."""
    return positive(name, value, NUMBER)


def fraction(name: str, value: Any) -> float:
    """A Python float in [0, 1)."""
    return _real(name, value, lambda v: 0 <= v < 1, "at least 0 and below 1", NUMBER)


def instance(name: str, value: Any, *kinds: type) -> None:
    """TypeError unless ``value`` is of one of the classes ``kinds``."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be of the class {' or '.join(kind.__name__ for kind in kinds)}, got {value!r}")


def count(name: str, value: Any) -> int:
    """A positive Python integer."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a positive integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be a positive integer, got {int(value)}")
    return int(value)


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """One of the strings in ``allowed``."""
    if not isinstance(value, str) or value not in list(allowed):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


# --- arrays that belong together --------------------------------------------------------------------------------------
def symmetric(name: str, value: Any) -> Array:
    """A symmetric array of shape (..., p, p)."""
    A = floating(name, value)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2] or 0 in A.shape:
        raise ValueError(f"{name} must have shape (..., p, p), got {tuple(A.shape)}")
    xp = namespace(A)
    gap, size = (xp.max(xp.abs(part), axis=(-2, -1)) for part in (A - xp.matrix_transpose(A), A))
    if bool(xp.any(gap > 1e-6 * size)):
        raise ValueError(f"{name} must be symmetric, got max |{name} − {name}ᵀ| = {float(xp.max(gap)):.3g}")
    return A


def regression(X: Any, y: Any) -> tuple[Array, Array]:
    """Data X (..., n, p) and y (..., n) as floating-point arrays that fit each other."""
    X = floating("X", X)
    same_library_and_device("y", y, X, "X")
    y = floating("y", y, like=X)
    if X.ndim < 2:
        raise ValueError(f"X must have shape (..., n, p), got {tuple(X.shape)}")
    if y.ndim < 1 or y.shape[-1] != X.shape[-2]:
        raise ValueError(f"y must have shape (..., {X.shape[-2]}) to fit X {tuple(X.shape)}, got {tuple(y.shape)}")
    if 0 in X.shape:
        raise ValueError(f"X must have at least one sample and one column, got shape {tuple(X.shape)}")
    same_dtype("y", y, X, "X")
    broadcast(tuple(X.shape[:-2]), y=tuple(y.shape[:-1]))
    return X, y


def same_library_and_device(name: str, value: Any, like: Any, like_name: str = "beta") -> None:
    """TypeError unless ``value`` is of the library of ``like``, ValueError unless it is on its device; numbers pass."""
    if not (is_array(value) and is_array(like)):
        return
    if array_api_compat.array_namespace(value) is not array_api_compat.array_namespace(like):
        library, other = (type(array).__module__.partition(".")[0] for array in (value, like))
        raise TypeError(f"{name} must be an array of the same library as {like_name} ({other}), got {library}")
    device, other = array_api_compat.device(value), array_api_compat.device(like)
    if device != other:
        advice = "move it there yourself, nothing is moved silently"
        raise ValueError(f"{name} must be on the device of {like_name} ({other}), got {device}: {advice}")


def same_dtype(name: str, value: Array, like: Array, like_name: str = "beta") -> None:
    """TypeError unless the two arrays have one dtype."""
    if value.dtype != like.dtype:
        raise TypeError(f"{name} must have the dtype of {like_name} ({like.dtype}), got {value.dtype}")


def dimension(p: int | None, beta: Array, name: str = "beta") -> None:
    """ValueError unless ``beta`` has shape (..., p); None allows every p."""
    if p is not None and beta.shape[-1] != p:
        raise ValueError(f"{name} must have shape (..., {p}), got {tuple(beta.shape)}")


def broadcast(batch: tuple[int, ...], **shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that ``batch`` and the named batch shapes broadcast to, or a ValueError that names the misfit."""
    for name, other in shapes.items():
        try:
            batch = np.broadcast_shapes(batch, other)
        except ValueError:
            allowed = f"broadcast against the batch {tuple(batch)}"
            raise ValueError(f"{name} must {allowed}, got shape {tuple(other)}") from None
    return batch


# --- array operations -------------------------------------------------------------------------------------------------
def over_batch(name: str, value: Number, beta: Array, trailing: bool = False) -> Array:
    """``value`` as an array in beta's library, dtype and device, with a last axis of 1 if ``trailing``."""
    xp = namespace(beta)
    if is_array(value):
        same_library_and_device(name, value, beta)
        value = xp.astype(value, beta.dtype)
        return value[..., None] if trailing and value.ndim else value
    return xp.asarray(value, dtype=beta.dtype, device=array_api_compat.device(beta))


def per_coordinate(name: str, value: Number, beta: Array) -> Array:
    """``value`` broadcast to every coordinate of ``beta`` beforehand, so that a loop broadcasts nothing.

    With a last axis as short as p = 2, broadcasting costs NumPy ten times as much as the arithmetic.
    """
    xp = namespace(beta)
    value = over_batch(name, value, beta, trailing=True)
    full = broadcast(tuple(beta.shape), **{name: tuple(value.shape)})
    return value if value.ndim == 0 else xp.asarray(xp.broadcast_to(value, full), copy=True)


def sign(array: Array) -> Callable[[Array], Array]:
    """The elementwise sign of ``array``'s own library, sign(0) = 0.

    array-api-compat's sign for torch also carries NaN over, at fifty times the price on a CPU; an iterate that is NaN
    stays NaN under every update rule as it is.
    """
    if array_api_compat.is_torch_array(array):
        import torch

        return torch.sign
    return namespace(array).sign


def norm1(beta: Array) -> Callable[[Array], Array]:
    """The map b ↦ ‖b‖₁ over the last axis, for arrays like ``beta``.

    A product with ones: over an axis as short as p = 2, NumPy's ``sum`` takes four times as long.
    """
    xp = namespace(beta)
    ones = xp.ones(beta.shape[-1:], dtype=beta.dtype, device=array_api_compat.device(beta))
    return lambda b: xp.abs(b) @ ones


def linear(M: Array, adjoint: Array | None = None) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """The maps v ↦ Mv and r ↦ Nᵀr over leading batch axes, for M (..., n, p), v (..., p), r (..., n).

    adjoint: N, of M's shape; M itself without.
    """
    xp, N = namespace(M), M if adjoint is None else adjoint
    if M.shape[-2:] == (1, 1):  # a weight and a sample: numbers multiply ten times as fast as matrices of one entry
        number, conjugate = M[..., 0], N[..., 0]
        return lambda v: v * number, lambda r: r * conjugate
    if M.ndim == 2:  # one matrix for the whole batch: a single matrix product
        transposed = xp.asarray(M.T, copy=True)
        return lambda v: v @ transposed, lambda r: r @ N
    if M.shape[-3] == 1:  # one matrix for the whole last batch axis: a matrix product for each of the others
        transposed, N = xp.asarray(xp.matrix_transpose(M[..., 0, :, :]), copy=True), N[..., 0, :, :]
        return lambda v: (v if v.ndim > 1 else v[None, ...]) @ transposed, lambda r: r @ N
    return lambda v: (M @ v[..., None])[..., 0], lambda r: (r[..., None, :] @ N)[..., 0, :]


def largest_eigenvalue(X: Array) -> Number:
    """λmax(XᵀX) = σmax(X)²; a float, or an array over the batch of X."""
    return scalar(namespace(X).linalg.matrix_norm(X, ord=2)) ** 2


def scalar(value: Array) -> Number:
    """An unbatched constant as a Python float, a batched one as it is."""
    return float(value) if value.ndim == 0 else value


def inf_where_positive(lam: Number, otherwise: Number) -> Number:
    """inf where ``lam`` > 0, ``otherwise`` elsewhere: an ℓ1 penalty has no Lipschitz gradient."""
    if is_array(lam):
        xp = namespace(lam)
        return xp.where(lam > 0, xp.full_like(lam, math.inf), xp.zeros_like(lam) + otherwise)
    return math.inf if lam > 0 else otherwise
