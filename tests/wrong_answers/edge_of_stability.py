"""{exercise: [(answers, what the line that helps must say)]}, five typical wrong answers or more each."""

import math

import numpy as np


def _one_after_the_other(u, v, eta):
    u = u - eta * (u * v - 1) * v
    return u, v - eta * (u * v - 1) * u


WRONG = {
    "edge_of_stability.1": [
        ((lambda x, eta, delta: x - eta * x,), "beyond δ the slope is δ, whatever x"),
        ((lambda x, eta, delta: x - eta * np.sign(x),), "within ±δ the slope is x"),
        ((lambda x, eta, delta: x + eta * np.clip(x, -delta, delta),), "within ±δ .* expected 0.45, got 0.55"),
        ((lambda x, eta, delta: x - eta * np.clip(x, -1, 1),), "not 1"),
        ((lambda x, eta, delta: x - eta * min(x, delta),), "on the left the slope is −δ"),
        ((lambda x, eta, delta: np.clip(x - eta * x, -delta, delta),), "beyond δ"),
        ((lambda x, eta, delta: print(x - eta * x),), "not filled in"),
    ],
    "edge_of_stability.2": [
        ((lambda eta: eta**2 / 4 - 1,), r"1/√\(1 \+ a²\) must equal 2/η"),
        ((lambda eta: math.sqrt(eta**2 - 4),), "must equal 2/η: at η = 2.5: expected 0.75"),
        ((lambda eta: math.sqrt(2 * (1 - 2 / eta)),), "expected 0.75"),
        ((lambda eta: math.sqrt(eta**2 / 4 - 1),), "no 2-cycle.* the root of a negative number"),
        ((lambda eta: np.emath.sqrt(eta**2 / 4 - 1),), "no 2-cycle, the run ends at 0: return 0"),
        ((lambda eta: math.sqrt(abs(eta**2 / 4 - 1)),), "no 2-cycle, the run ends at 0"),
        ((lambda eta: math.sqrt(eta**2 / 4 - 1) if eta > 2 else None,), "not filled in"),
    ],
    "edge_of_stability.3": [
        ((_one_after_the_other,), "both at the old u and v"),
        ((lambda u, v, eta: (u - eta * (u * v - 1) * u, v - eta * (u * v - 1) * v),), "∂f/∂u = "),
        ((lambda u, v, eta: (u - eta * u * v**2, v - eta * u**2 * v),), "both slopes are 0"),
        ((lambda u, v, eta: (u + eta * (u * v - 1) * v, v + eta * (u * v - 1) * u),), r"expected \[1.9, 0.8\]"),
        ((lambda u, v, eta: (u - eta * (u * v - 1), v - eta * (u * v - 1)),), "∂f/∂v"),
        ((lambda u, v, eta: u - eta * (u * v - 1) * v,), "expected the shape"),
        ((lambda u, v, eta: None,), "not filled in"),
    ],
    "edge_of_stability.4": [
        ((np.tanh,), r"needs f′\(1\)/1 = 2/η"),
        ((lambda x: 0.8 * x,), "f″.0. = 1"),
        ((lambda x: x,), "expected 0.8, got 1"),
        ((lambda x: x**2 / 2,), "f″.0. = 1"),
        ((lambda x: x - 0.2 * x**2,), "f is even"),
        ((lambda x: x - 0.2 * x**9,), "does not end on it|diverges"),
        ((lambda x: np.clip(x, -0.8, 0.8),), "does not end on it"),
    ],
}
