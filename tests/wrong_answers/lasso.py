"""{exercise: [(answers, what the line that helps must say)]}, five typical wrong answers or more each."""

import math

import numpy as np


def soft(x, at):
    return np.sign(x) * np.maximum(np.abs(x) - at, 0)


def half(lam, n):
    return lam / 2


def of_sum(lam, n):
    return lam / (2 * n)


WRONG = {
    "lasso.1": [
        ([lambda beta, eta, lam: beta - eta * lam * np.sign(beta)], "must stop at 0 and not cross it"),
        ([lambda beta, eta, lam: soft(beta, eta)], "the length of the step is ηλ"),
        ([lambda beta, eta, lam: beta + eta * lam * np.sign(beta)], "towards 0: expected"),
        ([lambda beta, eta, lam: beta * (1 - eta * lam)], "moves by ηλ = 0.1"),
        ([lambda beta, eta, lam: np.maximum(beta - eta * lam, 0)], "far from 0"),
        ([lambda beta, eta, lam: np.where(np.abs(beta) > eta * lam, beta, 0)], "moves by ηλ = 0.1 towards 0"),
        ([lambda beta, eta, lam: soft(beta, eta * lam).sum()], r"expected the shape \(2,\)"),
        ([lambda beta, eta, lam: soft(beta, 0.1 * lam)], "here 0.2 · 3"),
        (
            [lambda beta, eta, lam: soft(beta, eta * lam if eta > 0.05 else eta)],
            "for λ = 1 and λ = 10: expected",
        ),
    ],
    "lasso.2": [
        ([lambda lam, n: lam, half], "not beside the same data term"),
        ([lambda lam, n: lam / n, half], "has no ½"),
        ([lambda lam, n: 2 * n * lam, half], "do not multiply"),
        ([half, half], r"\(11\) has the sum"),
        ([of_sum, of_sum], "has its 1/n already"),
        ([of_sum, lambda lam, n: lam], "MSELoss lacks"),
        ([of_sum, lambda lam, n: 2 * lam], "halve it"),
        ([lambda lam, n: lam / 200, half], "λ = 3 and n = 50: expected 0.03"),
        ([lambda lam, n: lam / (20 * n**0.5), half], "λ = 3 and n = 50: expected 0.03"),
        ([lambda lam, n: 0.1, half], "λ = 3 and n = 50: expected 0.03"),
        ([of_sum, lambda lam, n: 10], "λ = 3 and n = 50: expected 1.5"),
        ([of_sum, lambda lam, n: 1000 / n], "λ = 3 and n = 50: expected 1.5"),
    ],
    "lasso.3": [
        ([lambda beta, eta, lam: soft(beta, eta * lam)], "away from 0"),
        ([lambda beta, eta, lam: beta - eta * lam * np.sign(np.abs(beta) - 1) * np.sign(beta)], "land on ±1 exactly"),
        ([lambda beta, eta, lam: np.sign(beta)], "by ηλ = 0.1"),
        ([lambda beta, eta, lam: np.sign(beta) + soft(beta - np.sign(beta), eta)], "the length of the step is ηλ"),
        ([lambda beta, eta, lam: 1 + soft(beta - 1, eta * lam)], "the nearer of −1 and 1"),
        ([lambda beta, eta, lam: np.clip(beta, -1, 1)], "towards ±1"),
        ([lambda beta, eta, lam: np.sign(beta) + soft(beta - np.sign(beta), 0.1 * lam)], "here 0.2 · 3"),
    ],
    "lasso.4": [
        ([lambda p, eta, lam: p * (eta * lam) ** 2 / 12], "take its root"),
        ([lambda p, eta, lam: eta * lam * np.sqrt(p) / 12], "12 stands under the root"),
        ([lambda p, eta, lam: eta * lam / np.sqrt(12)], "variances add"),
        ([lambda p, eta, lam: p * eta * lam / np.sqrt(12)], "the deviation doubles"),
        ([lambda p, eta, lam: eta * np.sqrt(p / 12)], "uniform on"),
        ([lambda p, eta, lam: eta * lam * np.sqrt(p) / 2], "ηλ = 0.3"),
        ([lambda p, eta, lam: 0.5 * lam * np.sqrt(p / 12)], "1000 weights with η = 0.25"),
        ([lambda p, eta, lam: 0.3 * np.sqrt(p / 12)], "1000 weights with η = 0.25"),
    ],
    "lasso.5": [
        ([lambda beta0, lam: beta0 / lam], "must be positive"),
        ([lambda beta0, lam: np.abs(beta0)], "the step is ηλ, not η"),
        ([lambda beta0, lam: np.full_like(beta0, 0.01)], "a whole multiple of its step"),
        ([lambda beta0, lam: np.abs(beta0) * lam], "a whole multiple of its step"),
        ([lambda beta0, lam: np.abs(beta0).mean() / lam], "one learning rate for each"),
        ([lambda beta0, lam: 2 * np.abs(beta0) / lam], "after 50 steps"),
        ([lambda beta0, lam: np.abs(beta0) / 4], "with λ = 0.5"),
        ([lambda beta0, lam: np.abs(beta0) / lam / 3], "rounding must not miss 0"),
    ],
    "lasso.6": [
        ([lambda t, s: sum(2.0**-j for j in range(1, 60) if 2.0 ** (1 - j - t) > s)], "half the spacing"),
        ([lambda t, s: sum(2.0**-j for j in range(0, 60) if 2.0 ** (-j - t) > s)], "expected 0.5"),
        ([lambda t, s: sum(2.0 ** (1 - j) for j in range(1, 60) if 2.0 ** (-j - t) > s)], "holds a share 2⁻ʲ"),
        ([lambda t, s: 0.5], "only weights above ¼ stay"),
        ([lambda t, s: sum(2.0**-j for j in range(1, 60) if 2.0 ** (-j - t) < s)], "only weights above ¼"),
        ([lambda t, s: s * 2**t], "bfloat16"),
    ],
    "lasso.7": [
        ([lambda p, lam, norm: (norm / (p * lam), 1e5)], "where is your ½"),
        ([lambda p, lam, norm: (2 * norm / p, 1e5)], "where is your λ"),
        ([lambda p, lam, norm: (2 * norm / lam, 1e5)], "where is your p"),
        ([lambda p, lam, norm: (2 * norm / (p * lam), 1000)], "too few"),
        ([lambda p, lam, norm: (2 * norm / (p * lam), 1e7)], "too many"),
        ([lambda p, lam, norm: 2 * norm / (p * lam)], "two numbers"),
        ([lambda p, lam, norm: (2 * norm / (p * lam), math.ceil(p * lam / (2 * norm)))], "too few: with λ = 0.25"),
        ([lambda p, lam, norm: (0.02 / (p * lam), 1e5)], "η for p = 10, λ = 0.25"),
    ],
    "lasso.8": [
        ([lambda eta, lam, v: eta * lam], "length of Adam's step"),
        ([lambda eta, lam, v: eta / np.sqrt(v)], "where is λ"),
        ([lambda eta, lam, v: lam / np.sqrt(v)], "where is η"),
        ([lambda eta, lam, v: eta * lam * np.sqrt(v)], "per unit of slope: expected"),
        ([lambda eta, lam, v: eta * lam / v], "the step length is 0.01/2"),
        ([lambda eta, lam, v: lam], "where is η"),
        ([lambda eta, lam, v: 0.01 * lam / np.sqrt(v)], "η = 0.1, λ = 3"),
    ],
}
