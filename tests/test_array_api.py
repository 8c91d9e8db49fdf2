"""Objectives and trajectories follow the array API standard, as its own checker sees it: array_api_strict.

It has nothing that the standard has not, and a second device, of which it lets nothing meet the first.
"""

import array_api_strict as xp
import numpy as np
import pytest

from ngdm_helpers import counterexamples, objectives, trajectories

RNG = np.random.default_rng(0)
X, Y, STARTS = RNG.normal(size=(7, 4)), RNG.normal(size=7), RNG.normal(size=(5, 4))
LAMS = np.linspace(0.1, 1, 5)

# name: the objective on data converted by ``to``; a batch of parameters where there may be one
OBJECTIVES = {
    "L1Norm": lambda to: objectives.L1Norm(to(LAMS)),
    "ReLURegression": lambda to: objectives.ReLURegression(to(X), to(-abs(Y)), to(LAMS), 0.1),
    "Lasso": lambda to: objectives.Lasso(to(X), to(Y), to(LAMS)),
    "Lasso, a batch of data": lambda to: objectives.Lasso(to(X + np.zeros((5, 7, 4))), to(Y), 0.1, "mean"),
    "Lasso, one X for the last axis": lambda to: objectives.Lasso(to(X[None]), to(Y), to(LAMS)),
    "Huber": lambda to: objectives.Huber(to(X), to(Y), to(LAMS)),
    "Quadratic": lambda to: objectives.Quadratic(to(X.T @ X)),
    "LeastAbsolute": lambda to: counterexamples.LeastAbsolute(to(X), to(Y), "sum"),
    "Logistic": lambda to: counterexamples.Logistic(to(X), to(1 - 2.0 * (Y > 0))),
    "NeuronRegression": lambda to: counterexamples.NeuronRegression(to(X), to(-abs(Y)), 0.0, to(LAMS), 0.1, 0.1),
    "MaxNorm": lambda to: counterexamples.MaxNorm(),
    "MaxNorm, shared": lambda to: counterexamples.MaxNorm("shared"),
    "SmoothMaxNorm": lambda to: counterexamples.SmoothMaxNorm(to(LAMS)),
    "PowerTail": lambda to: counterexamples.PowerTail(to(1 + LAMS)),
    "Product": lambda to: counterexamples.Product(),
    "Trough": lambda to: counterexamples.Trough(0.25),
    **{kind: lambda to, kind=kind: counterexamples.Separable(kind) for kind in counterexamples.SEPARABLE},
}
METHODS = ("subgradient", "momentum", "adam", "rmsprop", *trajectories.SPLITTING)


@pytest.fixture(params=["CPU_DEVICE", "device1"])
def strict(request):
    """A converter to array_api_strict's arrays on one of its devices."""
    device = xp.Device(request.param)
    return lambda array: xp.asarray(array, device=device)


def back(array):
    return np.from_dlpack(xp.asarray(array, device=xp.Device("CPU_DEVICE"))) if hasattr(array, "device") else array


def test_every_objective_is_here():
    shown = {type(make(np.asarray)) for make in OBJECTIVES.values()}
    defined = {
        thing
        for module in (objectives, counterexamples)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, objectives.Objective) and thing is not objectives.Objective
    }
    assert defined == shown
    assert set(METHODS) == set(trajectories.METHODS)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives(name, strict):
    starts = STARTS[:, :2] if name in ("Product", "Trough") else STARTS
    here, there = OBJECTIVES[name](np.asarray), OBJECTIVES[name](strict)
    for constant in ("smoothness", "curvature", *(["lipschitz"] if name != "L1Norm" else [])):
        np.testing.assert_allclose(back(getattr(there, constant)), getattr(here, constant), rtol=1e-12)
    results = [(there.value, here.value), (there.subgradient, here.subgradient)]
    if here.oracle(starts).prox is not None:
        results += [(there.smooth_gradient, here.smooth_gradient)]
        results += [(lambda b: there.prox(b, 0.3), lambda b: here.prox(b, 0.3))]
    for evaluate, reference in results:
        result = evaluate(strict(starts))
        assert result.device == strict(starts).device
        np.testing.assert_allclose(back(result), reference(starts), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_runs(name, method, strict):
    starts = STARTS[:, :2] if name in ("Product", "Trough") else STARTS
    here = OBJECTIVES[name](np.asarray)
    if here.oracle(starts).prox is None and method in trajectories.SPLITTING:
        return
    there = trajectories.run(OBJECTIVES[name](strict), strict(starts), strict(0.01 * LAMS), 12, method, 3)
    expected = trajectories.run(here, starts, 0.01 * LAMS, 12, method, 3)
    assert there.iterates.device == strict(starts).device
    np.testing.assert_allclose(back(there.iterates), expected.iterates, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(back(there.values), expected.values, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "lr",
    [
        trajectories.constant(0.1),
        trajectories.diminishing(0.1),
        trajectories.step_decay(0.1, 3, 0.5),
        trajectories.exponential_decay(0.1, 0.9),
        trajectories.cosine(0.1, 10),
    ],
    ids=repr,
)
def test_schedules(lr, strict):
    there = trajectories.run(objectives.L1Norm(1.0), strict(STARTS), lr, 12)
    np.testing.assert_allclose(back(there.iterates), trajectories.run(objectives.L1Norm(1.0), STARTS, lr, 12).iterates)


@pytest.mark.parametrize("batched", [False, True])
def test_an_overflow(batched, strict):
    starts, rates = (STARTS, np.array([0.01, 10.0, 50.0, 0.01, 100.0])) if batched else (STARTS[0], 10.0)
    arguments = {"steps": 300, "on_overflow": "ignore"}
    here = trajectories.run(OBJECTIVES["Quadratic"](np.asarray), starts, rates, **arguments)
    lr = strict(rates) if batched else rates
    there = trajectories.run(OBJECTIVES["Quadratic"](strict), strict(starts), lr, **arguments)
    np.testing.assert_array_equal(back(there.overflow_step), here.overflow_step)
    np.testing.assert_allclose(back(there.iterates), here.iterates, rtol=1e-9)
    with pytest.warns(trajectories.DivergenceWarning, match="overflowed"):
        trajectories.run(OBJECTIVES["Quadratic"](strict), strict(starts), lr, 300)


def test_a_positive_y_is_refused(strict):
    with pytest.raises(ValueError, match=r"y must be ≤ 0 for .* got an entry 2\.0"):
        objectives.ReLURegression(strict([[1.0]]), strict([2.0]))
    with pytest.raises(ValueError, match="slope must be at most 1"):
        counterexamples.NeuronRegression(strict([[1.0]]), strict([2.0]), strict([1.0, 2.0]))
