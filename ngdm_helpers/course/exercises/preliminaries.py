"""The exercises of notebook 1."""

import numpy as np

from ngdm_helpers import trajectories
from ngdm_helpers.counterexamples import LeastAbsolute
from ngdm_helpers.course import problems
from ngdm_helpers.course.exercises.exercise import NOTHING, NotYet, exercise, expect


@exercise("preliminaries.1")
def _band(band):
    expect(band(1.73, 0.1), (0.03, -0.07), "from x₀ = 1.73 with η = 0.1 it comes down to 0.03, and then jumps by η")
    expect(band(-1.73, 0.1), (0.07, -0.03), "from x₀ = −1.73 it comes up to −0.03; name the point above 0 first")
    expect(band(0.3, 0.4), (0.3, -0.1), "from x₀ = 0.3 with η = 0.4 the first step already crosses 0")
    expect(band(0.5, 0.125), (0, 0), "x₀ = ½ is four steps of η = 1/8: it lands on 0 and stays, for sign(0) = 0")
    return "the remainder of x₀ on division by η is all that the band remembers of the start"


@exercise("preliminaries.2")
def _absolute(absolute):
    import torch

    grid = torch.linspace(-2, 2, 81, dtype=torch.float64)
    written = absolute(grid)
    if not (written is None or written is ... or torch.is_tensor(written)):
        raise NotYet(f"the program must return a tensor, as relu does; got {type(written).__name__}")
    expect(written if written is None or written is ... else written.detach(), grid.abs(),
           "the function must be |x|, at 81 points from −2 to 2: what you add must be 0 for every x")  # fmt: skip
    at = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    if not (value := absolute(at)).requires_grad:
        raise NotYet("autograd cannot follow this program from x to its value: stay within torch's functions")
    (slope,) = torch.autograd.grad(value.sum(), at)
    expect(slope.item(), 7, "the function is |x|, but autograd's derivative at 0 must be 7; what is 0 everywhere, and "
           "has another derivative there?")  # fmt: skip
    beside = torch.tensor([-1.5, 0.5], dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(absolute(beside).sum(), beside)
    expect(slopes, (-1, 1), "away from 0 autograd must say sign(x), here at −1.5 and 0.5")
    return "the same function, another program, another derivative"


@exercise("preliminaries.3")
def _polyak(polyak_step):
    beta, g = np.array([3.0, -1.0]), np.array([2.0, 0.0])
    step = polyak_step(beta.copy(), 6.0, g.copy(), 0.0)  # copies: the student may change what is handed out
    expect(step, (0, -1), "f = 6, f* = 0 and g = (2, 0): η = 6/‖g‖² = 3/2, and ηg = (3, 0)")
    expect(polyak_step(beta.copy(), 6.0, g.copy(), 2.0), (1, -1), "with f* = 2 instead of 0 the gap is 4, and η = 1")
    with np.errstate(invalid="ignore"):  # 0/0 is the student's to find
        at_rest = polyak_step(beta.copy(), 2.0, 0 * g, 2.0)
    expect(at_rest, beta, "at a minimiser, where g may be 0, it must stay where it is")
    sharp, _ = problems.sharp_problem()
    beta, values = np.zeros(10), []
    for _ in range(101):
        values.append(float(sharp.value(beta)))
        if values[-1] < 1e-10:
            break
        beta = polyak_step(beta, values[-1], sharp.subgradient(beta), 0.0)
    else:
        raise NotYet(f"on the loss of idea 4 it should be below 10⁻¹⁰ within 100 steps, it is at {values[-1]:.1e}")
    other = trajectories.run(sharp, np.zeros(10), trajectories.exponential_decay(0.3, 0.98), 1500).values
    took, took_other = (
        ", ".join(str(int(np.argmax(np.array(path) < goal))) for goal in (1e-3, 1e-6, 1e-10))
        for path in (values, other)
    )
    return f"below 10⁻³, 10⁻⁶, 10⁻¹⁰ after {took} steps; 0.3·0.98ᵏ takes {took_other}"


@exercise("preliminaries.4")
def _schedule(schedule):
    rates = [schedule(k) for k in range(1500)]
    if any(rate is None or rate is ... for rate in rates):
        raise NotYet(NOTHING)
    if not all(np.ndim(rate) == 0 and 0 <= rate <= 0.3 * (1 + 1e-12) for rate in rates):
        wrong = next(k for k, rate in enumerate(rates) if np.ndim(rate) or not 0 <= rate <= 0.3 * (1 + 1e-12))
        raise NotYet(f"every step must be a number between 0 and 0.3; step {wrong} is {rates[wrong]!r}")
    near, solution = problems.sharp_problem()
    far, needed = LeastAbsolute(near.X, 10 * near.y), 10 * np.linalg.norm(solution) / near.lipschitz
    best = float(trajectories.run(far, np.zeros(10), lambda k: float(rates[min(k, 1499)]), 1500).values.min())
    if (total := float(sum(rates))) < needed:
        raise NotYet(f"too little travel: the steps have the sum {total:.3g}, and R/G is {needed:.3g}")
    if best > 1e-6 and rates[-1] > 1e-6:
        raise NotYet(f"it arrives, but the last steps are too long to come closer than {best:.1e}: the last is "
                     f"{rates[-1]:.1e}")  # fmt: skip
    if best > 1e-6:
        raise NotYet(f"it stops at {best:.1e}: its sum, {total:.3g}, is more than R/G = {needed:.3g}, but not every "
                     "step points at the minimiser; travel more before you shrink")  # fmt: skip
    return f"best value {best:.0e}, with a sum of {total:.0f}: travel first, then shrink"
