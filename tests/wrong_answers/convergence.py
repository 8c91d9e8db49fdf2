"""Typical wrong answers to the exercises of notebook 2."""

import numpy as np
from scipy.special import ndtr


def _softplus(z, delta):
    return np.logaddexp(0, z / delta) * delta, np.exp(-np.logaddexp(0, -z / delta))


def _band(x, size, lam2, lr):
    return 2 * lr * x @ size / (2 - lr * (2 * x @ x + 2 * lam2))


WRONG = {
    "convergence.1": [
        ((lambda p: 1 / p,), "one entry beside the diagonal"),
        ((lambda p: 1.0,), "p = 5: a row has 4 entries"),
        ((lambda p: p - 1,), "p = 5: a row has 4 entries"),
        ((lambda p: 1 / (p - 1) ** 2,), "p = 5: a row has 4 entries"),
        ((lambda p: 1 / (2 * (p - 1)),), "one entry beside the diagonal"),
        ((lambda p: "1/(p − 1)",), "not a number"),
    ],
    "convergence.2": [
        ((lambda x, size, lam2, lr: 1.0,), "does not cross the kink"),
        ((lambda x, size, lam2, lr: 0.0,), "right of the kink"),
        ((lambda x, size, lam2, lr: -_band(x, size, lam2, lr) / 2,), "right of the kink"),
        ((lambda x, size, lam2, lr: _band(x, size, lam2, lr),), "no farther from 0"),
        ((lambda x, size, lam2, lr: 1.2 * _band(x, size, lam2, lr),), "no farther from 0"),
        ((lambda x, size, lam2, lr: 1e-12,), "the loss rises"),
    ],
    "convergence.3": [
        ((lambda p, eps: np.sqrt(p) / eps,), "each by ε/p a step"),
        ((lambda p, eps: np.sqrt(p) / eps - p,), "a whole number of steps"),
        ((lambda p, eps: 1 / (4 * eps**2),), "each by ε/p a step"),
        ((lambda p, eps: p * np.ceil(1 / (eps * np.sqrt(p)) - 1),), "all entries move together"),
        ((lambda p, eps: np.floor(np.sqrt(p) / eps - p),), "a whole number of steps"),
    ],
    "convergence.4": [
        ((lambda z, delta: (np.maximum(z, 0), (z > 0) * 1.0),), "still a kink"),
        ((lambda z, delta: (_softplus(z, delta)[0], (z > 0) * 1.0),), "still a kink"),
        ((lambda z, delta: (_softplus(z, delta)[0], ndtr(z)),), "not the derivative"),
        ((lambda z, delta: (z * ndtr(z), ndtr(z)),), r"from max\(z, 0\)"),
        ((lambda z, delta: _softplus(z, delta)[0],), "return two arrays"),
        ((lambda z, delta: (_softplus(z, delta)[0].sum(), 1.0),), "the shape of z"),
    ],
}
