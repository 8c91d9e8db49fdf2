"""Typical wrong answers to the exercises of notebook 2."""

import numpy as np
from scipy.special import ndtr


def _softplus(z, delta):
    return np.logaddexp(0, z / delta) * delta, np.exp(-np.logaddexp(0, -z / delta))


def _overflowing_softplus(z, delta):
    with np.errstate(over="ignore", invalid="ignore"):
        return delta * np.log(1 + np.exp(z / delta)), 1 / (1 + np.exp(-z / delta))


def _band(x, size, lam2, lr):
    return 2 * lr * x @ size / (2 - lr * (2 * x @ x + 2 * lam2))


WRONG = {
    "convergence.1": [
        ((lambda tau, eps: 1 / (2 * eps**2),), "τη and"),
        ((lambda tau, eps: 1 / eps**2,), "the start of idea 3"),
        ((lambda tau, eps: tau / eps**2,), "τ = 0.9.* in turn"),
        ((lambda tau, eps: (1 - tau) / eps**2,), "τ = 0.2.* in turn"),
        ((lambda tau, eps: min(tau, 1 - tau) / eps,), "the start of idea 3"),
        ((lambda tau, eps: min(tau, 1 - tau) / (eps * (eps + eps**2)),), "the start of idea 3"),
    ],
    "convergence.2": [
        ((lambda p: 1 / p,), "one entry beside the diagonal"),
        ((lambda p: 1.0,), "p = 5: a row has 4 entries"),
        ((lambda p: p - 1,), "p = 5: a row has 4 entries"),
        ((lambda p: 1 / (p - 1) ** 2,), "p = 5: a row has 4 entries"),
        ((lambda p: 1 / (2 * (p - 1)),), "one entry beside the diagonal"),
        ((lambda p: "1/(p − 1)",), "not a number"),
    ],
    "convergence.3": [
        ((lambda x, size, lam2, lr: 1.0,), "does not cross the kink"),
        ((lambda x, size, lam2, lr: 0.0,), "right of the kink"),
        ((lambda x, size, lam2, lr: -_band(x, size, lam2, lr) / 2,), "right of the kink"),
        ((lambda x, size, lam2, lr: _band(x, size, lam2, lr),), "no farther from 0"),
        ((lambda x, size, lam2, lr: 1.2 * _band(x, size, lam2, lr),), "no farther from 0"),
        ((lambda x, size, lam2, lr: 1e-12,), "the loss rises"),
    ],
    "convergence.4": [
        ((lambda z, delta: (np.maximum(z, 0), (z > 0) * 1.0),), "still a kink"),
        ((lambda z, delta: (_softplus(z, delta)[0], (z > 0) * 1.0),), "still a kink"),
        ((lambda z, delta: (_softplus(z, delta)[0], ndtr(z)),), "not the derivative"),
        ((lambda z, delta: (z * ndtr(z), ndtr(z)),), r"from max\(z, 0\)"),
        ((lambda z, delta: _softplus(z, delta)[0],), "return two arrays"),
        ((lambda z, delta: 0.5,), "return two arrays"),
        ((_overflowing_softplus,), "overflow"),
        ((lambda z, delta: (_softplus(z, delta)[0].sum(), 1.0),), "the shape of z"),
    ],
}
