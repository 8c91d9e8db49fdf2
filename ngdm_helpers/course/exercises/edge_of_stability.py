"""The exercises of notebook 4."""

import math

import numpy as np

from ngdm_helpers.course.exercises.exercise import NotYet, exercise, expect


@exercise("edge_of_stability.1")
def _huber_step(step):
    expect(step(0.5, 0.1, 1.0), 0.45, "within ±δ the slope is x: from 0.5 a step of η = 0.1")
    expect(step(5.0, 0.1, 1.0), 4.9, "beyond δ the slope is δ, whatever x: from 5 at δ = 1")
    expect(step(5.0, 0.1, 2.0), 4.8, "beyond δ the slope is δ, not 1: from 5 at δ = 2")
    expect(step(-5.0, 0.1, 2.0), -4.8, "on the left the slope is −δ: from −5 at δ = 2")
    x = 1e-3
    for _ in range(200):
        x = float(step(x, 2.5, 1.0))
    return f"at η = 2.5 from 0.001 your step ends in a 2-cycle: {x:.3f} and {float(step(x, 2.5, 1.0)):.3f}"


@exercise("edge_of_stability.2")
def _size_of_the_cycle(cycle):
    at = "f′(a)/a = 1/√(1 + a²) must equal 2/η: at η = 2.5"
    expect(cycle(2.5), 0.75, at)
    expect(cycle(4.0), math.sqrt(3), at.replace("2.5", "4"))
    none = "at η = 1.5, below 2/L, there is no 2-cycle, the run ends at 0"
    try:
        below = cycle(1.5)
    except ValueError:  # math.sqrt's, of a negative number
        raise NotYet(f"{none}: return 0 instead of the root of a negative number") from None
    if below not in (None, ...) and not np.isreal(below):
        raise NotYet(f"{none}: return 0, got {below}")
    expect(below, 0.0, none)
    expect(cycle(2.0), 0.0, "at η = 2/L itself the size is 0")
    return "a = √(η²/4 − 1) past 2/L: it leaves 0 like √(η − 2)"


@exercise("edge_of_stability.3")
def _two_weights(step):
    expect(step(1.0, 1.0, 0.3), (1.0, 1.0), "at (1, 1), where uv = 1, both slopes are 0")
    expect(step(2.0, 1.0, 0.1), (1.9, 0.8), "∂f/∂u = (uv − 1)v and ∂f/∂v = (uv − 1)u, both at the old u and v: from "
           "(2, 1) at η = 0.1")  # fmt: skip
    expect(step(0.5, 0.4, 0.5), (0.66, 0.6), "towards the valley uv = 1, from (0.5, 0.4) at η = 0.5")
    u, v = 1.0, 0.6
    for _ in range(3000):
        u, v = step(u, v, 1.1)
    (next_u, next_v) = step(u, v, 1.1)
    return (
        f"at η = 1.1 from (1, 0.6) it ends on the line u = v in a 2-cycle about (1, 1): ({u:.3f}, {v:.3f}) and "
        f"({next_u:.3f}, {next_v:.3f})"
    )


@exercise("edge_of_stability.4")
def _your_own_loss(slope):
    expect(slope(0.0), 0.0, "the minimum is at 0: f′(0)")
    expect(slope(1e-4) / 1e-4, 1.0, "f″(0) = 1, so that 2/L is 2 near 0: f′(x)/x at x = 0.0001", rtol=1e-3)
    for x in (0.3, 2.0):
        expect(slope(-x), -slope(x), f"f is even, so f′(−x) = −f′(x): at x = {x:g}")
    expect(slope(1.0), 0.8, "a 2-cycle ±1 at η = 2.5 needs f′(1)/1 = 2/η: f′(1)")
    x = 0.01
    for k in range(5000):
        x = float(x - 2.5 * slope(x))
        if not abs(x) < 1e6:
            raise NotYet(f"the run from 0.01 at η = 2.5 diverges by step {k + 1}: f′(x)/x must fall below 2/η = 0.8")
    if abs(abs(x) - 1) > 1e-3:
        raise NotYet(
            f"±1 is a 2-cycle, but the run from 0.01 does not end on it: after 5000 steps x = {x:.4g}. It attracts "
            "where |1 − ηf″(1)| < 1, that is 0 < f″(1) < 0.8"
        )
    return f"your loss leaves 0 at η = 2.5 and ends on ±1, after 5000 steps at {x:+.4f}"
