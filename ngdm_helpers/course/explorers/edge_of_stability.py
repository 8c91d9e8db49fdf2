"""The sliders of notebook 4."""

import dataclasses
import functools
import itertools
import math

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import PowerTail, Product, Separable, Trough
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.figures import BLUE, NGDM, SMOOTH, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, select_slider, slider
from ngdm_helpers.objectives import L1Norm, Quadratic

__all__ = [
    "basins", "chord_law", "curvature_rulers", "growth_decides", "growth_exponent", "huber_losses", "huber_memory",
    "huber_rise", "local_edge", "quadratic_threshold", "recorded_sharpness", "separable_logistic", "toy_problem",
    "trough",
]  # fmt: skip


def quadratic_threshold():
    """Gradient descent on ½(x² + z²/10): slider η through 2/L = 2."""
    # little in the steep direction: past 2/L one sees it take over
    steps, curvatures, side = 60, np.array([1.0, 0.1]), np.linspace(-1.3, 1.3, 100)
    objective, start = Quadratic(np.diag(curvatures)), np.array([0.03, 1.0])
    figure, (plane, loss) = figures.new(2, size=(11, 4))
    plane.set(xlim=(-1.3, 1.3), ylim=(-0.4, 1.3), xlabel="x  (curvature 1)", ylabel="z  (curvature 1/10)")
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    plane.contour(side, side, objective.value(grid), levels=12, colors="0.8", linewidths=1, zorder=0.6)
    (path,) = plane.plot([], [], marker=".", color=BLUE, linewidth=1)
    loss.set(xlim=(0, steps), yscale="log", ylim=(1e-8, 1e4), xlabel="step k", ylabel="f")
    (values,), modes = loss.plot([], [], color=BLUE), loss.plot([], [], [], [], **THEORY)

    def update(eta):
        run = trajectories.run(objective, start, eta, steps)
        path.set_data(*run.iterates.T)
        values.set_data(run.steps, run.values)
        for mode, curvature, x0 in zip(modes, curvatures, start, strict=True):
            mode.set_data(run.steps, curvature * x0**2 / 2 * (1 - eta * curvature) ** (2 * run.steps))
        fate = "converges" if eta < 2 else "neither converges nor diverges" if eta == 2 else "diverges"
        plane.title.set_text(f"η = {eta:.3g}, 2/L = 2: {fate}")
        loss.title.set_text(f"f after {steps} steps: {run.values[-1]:.2g}")
        return path, plane.title, values, *modes, loss.title

    @goal("(i) Find the η with the smallest loss after 60 steps.", at={"eta": 1.84})
    def smallest(eta):
        step = 1.0165  # of the slider
        left, here, right = (trajectories.run(objective, start, eta * step**k, steps).values[-1] for k in (-1, 0, 1))
        return here < min(left, right)

    return live(
        figure,
        update,
        goals=[smallest],
        eta=log_slider("η", 0.5, 0.1, 2.5, meaning="learning rate"),
        marks={"1/L": {"eta": 1.0}, "1.9/L": {"eta": 1.9}, "2/L": {"eta": 2.0}, "2.05/L": {"eta": 2.05}},
        play=[path, values],
        readings={"f": values},
        caption="Gradient descent on ½(x² + z²/10), and its loss. Dashed: each direction's own law, (1 − ηλᵢ)²ᵏ. Which "
        "direction decides?",
        alt="Two panels. Left: the path over elliptic contours. Right: the loss against the step on a "
        "logarithmic scale with one dashed line for each of the two directions.",
    )


def recorded_sharpness():
    """Loss and sharpness of recorded full-batch runs: a choice of activation, a slider over the recorded η."""
    runs = {(row["activation"], row["lr"]): row for row in recorded.load("edge_of_stability") if row["seed"] == 0}
    activations = sorted({activation for activation, _ in runs}, reverse=True)
    rates, steps = sorted({lr for _, lr in runs}), max(row["steps"] for row in runs.values())
    figure, (loss, sharp) = figures.new(2, size=(11, 4))
    loss.set(xlim=(0, steps), yscale="log", ylim=(5e-4, 3), xlabel="step k", ylabel="loss")
    (values,) = loss.plot([], [], color=BLUE, linewidth=1)
    # up to 45: 2/η of the smallest recorded η, 0.05, is 40
    sharp.set(xlim=(0, steps), ylim=(0, 45), xlabel="step k", ylabel="sharpness λmax")
    (curve,), edge = sharp.plot([], [], color=BLUE, marker=".", linewidth=1), sharp.axhline(1, **THEORY)
    note(sharp, 0.97, 0.97, "- - -  2/η", ha="right", va="top")

    def update(activation, lr):
        row = runs[activation, lr]
        for line, name in ((values, "loss"), (curve, "sharpness")):
            y = row["curves"][name]["values"]
            line.set_data(np.arange(len(y)) * row["curves"][name]["every"], y)
        edge.set_ydata([2 / lr] * 2)
        fate, level = f"overflows at step {row['overflow_step']}", ": started too far above it"
        if row["overflow_step"] is None:
            fate, level = f"final loss {row['final_loss']:.2g}", f", last quarter {row['sharpness']:.3g}"
        loss.title.set_text(f"{activation}, η = {lr:g}: {fate}")
        sharp.title.set_text(f"2/η = {2 / lr:.3g}{level}")
        return values, loss.title, curve, edge, sharp.title

    @goal("(i) Find a run that does not reach the edge in 4000 steps.", at={"activation": "relu", "lr": 0.05})
    def never_at_the_edge(activation, lr):
        row = runs[activation, lr]
        return row["overflow_step"] is None and max(row["curves"]["sharpness"]["values"]) < 2 / lr

    @goal("(ii) Find the one that overflows.", at={"activation": "tanh", "lr": 0.4})
    def overflows(activation, lr):
        return runs[activation, lr]["overflow_step"] is not None

    return live(
        figure,
        update,
        # not ReLU, which the vote above asks for
        activation=choice("activation", "tanh", activations, meaning="activation of the network"),
        lr=select_slider("η", 0.2, rates, meaning="learning rate"),
        goals=[never_at_the_edge, overflows],
        marks={f"{activation}, η = 0.2": {"activation": activation, "lr": 0.2} for activation in activations},
        caption="Recorded runs of 4000 steps on 500 digits. Where does the sharpness go, and what does the loss do "
        "meanwhile?",
        alt="Two panels. Left: the loss against the step, falling with many small ups and downs. Right: the "
        "largest Hessian eigenvalue, coming to a dashed line at 2/η and hovering there.",
    )


def curvature_rulers():
    """Recorded curvature at the edge by three rulers: sliders s of z·Φ(sz), from GELU to ReLU, η and the seed."""
    bridges = {f"{s}": f"bridge-{s}" for s in (10, 100, 1000)}
    places = {"1, GELU": "gelu", **bridges, "∞, ReLU": "relu"}
    runs, rulers = recorded.ruler_runs(), ("hessian", "secant", "directional")
    runs = {key: row for key, row in runs.items() if key[0] in places.values()}
    _, rates, seeds = (sorted(set(values)) for values in zip(*runs, strict=True))
    looks = ({"color": NGDM["color"], "marker": "o"}, {"color": BLUE, "marker": "s"}, {"color": "0.35", "marker": "x"})
    names = ("Hessian, largest eigenvalue", "second difference over a step", "directional smoothness")
    figure, (course, ends) = figures.new(2, size=(11, 4))
    longest = max(row["steps"] for row in runs.values())
    course.set(xlim=(0, longest), ylim=(0, 2), xlabel="step k", ylabel="curvature / (2/η)")
    curves = [course.plot([], [], **look, markersize=3, linewidth=0.8)[0] for look in looks]
    for ax in (course, ends):
        ax.axhline(1, **THEORY)
    # what does not bounce is drawn at the bottom
    low, high = 0.6, 1.4
    ends.set(xlim=(-0.5, len(places) - 0.5), ylim=(low, high), xlabel="s of z·Φ(sz)", ylabel="the same, last quarter")
    ends.set_xticks(range(len(places)), list(places))
    here, across = ends.axvline(0, **THRESHOLD), np.repeat(np.arange(len(places)), len(seeds))
    dots = [ends.plot([], [], **look, linestyle="", clip_on=False)[0] for look in looks]
    figures.legend(course, curves, names, loc="lower right")

    def summary(row):
        return [recorded.last_quarter(row, ruler) for ruler in rulers]

    def update(activation, lr, seed):
        row = runs[activation, lr, seed]
        for curve, ruler in zip(curves, rulers, strict=True):
            curve.set_data(np.arange(len(row[ruler])) * row["every"], row[ruler])
        found = np.array([[summary(runs[name, lr, each]) for each in seeds] for name in places.values()])
        for k, dot in enumerate(dots):
            # beside one another
            dot.set_data(across + (k - 1) / 6, np.clip(found[..., k].ravel(), low, high))
        place = [*places.values()].index(activation)
        here.set_xdata([place] * 2)
        hessian, secant, directional = summary(row)
        course.title.set_text(f"s = {[*places][place]}: loss {row['losses'][-1]:.2g}, Hessian {hessian:.3f} of 2/η")
        ends.title.set_text(f"second difference {secant:.3f}, directional {directional:.3f}")
        return *curves, *dots, here, course.title, ends.title

    @goal(
        "(i) Find a run that bounces, at a directional smoothness above 0.9, with a Hessian below 0.9.",
        at={"activation": "relu", "lr": 0.2, "seed": 1},
    )
    def below_and_bouncing(activation, lr, seed):
        row = runs[activation, lr, seed]
        return recorded.bounces(row) and recorded.last_quarter(row, "hessian") < 0.9

    @goal(
        "(ii) Find an activation without a kink whose Hessian stays more than a tenth above the edge.",
        at={"activation": "bridge-1000", "seed": 1},
    )
    def above_without_a_kink(activation, lr, seed):
        return activation != "relu" and recorded.last_quarter(runs[activation, lr, seed], "hessian") > 1.1

    @goal("(iii) Find a run that does not bounce.", at={"activation": "bridge-10", "lr": 0.1})
    def still(activation, lr, seed):
        return recorded.last_quarter(runs[activation, lr, seed], "directional") < 0.1

    return live(
        figure,
        update,
        # not ReLU, which the vote above asks for
        activation=select_slider("s", "gelu", [*places.items()], meaning="steepness of the bend in z·Φ(sz)"),
        lr=select_slider("η", rates[-1], rates, meaning="learning rate"),
        seed=select_slider("seed", seeds[0], seeds, meaning="of the initial weights"),
        goals=[below_and_bouncing, above_without_a_kink, still],
        marks={f"s = {name}": {"activation": activation} for name, activation in places.items() if name != "1000"},
        caption="Three rulers in units of 2/η, on recorded runs; right, their means over the last quarter for every "
        "seed, at the bottom what is below 0.6. Which ruler stays at 1?",
        alt="Two panels. Left: three measures of curvature against the step, in units of 2/η, with a dashed line at 1. "
        "Right: their means over the last quarter for five values of s from GELU to ReLU and every seed, with a dotted "
        "line at the chosen one.",
    )


def huber_losses():
    """Figure 3: GD on mean Huber, n = 20, p = 50: sliders c = ηL and η, which follow each other, and δ; choice of X."""
    steps, wide = 3000, np.geomspace(2, 136, 60)
    drawn = {data: problems.huber_problem(data) for data in ("U[0, 1]", "U[−1, 1]")}
    L = {data: problem.smoothness for data, problem in drawn.items()}
    tops = {data: np.linalg.svd(problem.X)[0][:, 0] for data, problem in drawn.items()}
    # the largest residual that the top singular direction of X carries at β = 0
    shares = {data: np.abs(top * (top @ drawn[data].y)).max() for data, top in tops.items()}
    # on U[0, 1] c = 136 is η = 10; η reaches both ends of c on either data
    least, most = 0.5 / max(L.values()), 136 / min(L.values())
    controls = {
        "c": log_slider("c = ηL", 2.5, 0.5, 136, meaning="learning rate in units of 1/L"),
        "eta": log_slider("η", 2.5 / L["U[0, 1]"], least, most, meaning="learning rate; it and c follow each other"),
        "delta": log_slider("δ", 1.0, 0.1, 2, meaning="Huber's threshold"),
        "data": choice("X", "U[0, 1]", list(drawn), meaning="how the data were drawn"),
    }
    _link_c_and_eta(controls["c"], controls["eta"], controls["data"], L)

    figure, (early, late, ends) = figures.new(3, size=(11, 3.9))
    # linear, so that the oscillation shows; its upper branch is below twice the plateau
    early.set(xlim=(0, 60), ylim=(0, 2.1), xlabel="step k", ylabel="f / plateau")
    (first,) = early.plot([], [], marker=".", **NGDM, linewidth=1)
    early.axhline(1, **THEORY)
    passes = early.axvline(0, **THRESHOLD)
    late.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-6, 1e3), xlabel="step k + 1", ylabel="f")
    (values,) = late.plot([], [], **NGDM, linewidth=1)
    plateau, bound = late.axhline(1, **THEORY), late.axhline(1, **THRESHOLD)
    note(late, 0.03, 0.05, "title: last 200 steps\n- - -  plateau δ²(c − 1)/2\n· · ·   ηG²/2 ≤ δ²c/2", va="bottom")
    ends.set(xscale="log", yscale="log", xlim=(0.5, 136), ylim=(1e-2, 100), xlabel="c = ηL", ylabel="f / δ², last 200")
    ends.plot(wide, (wide - 1) / 2, **THEORY)
    ends.plot([0.5, 136], [0.25, 68], **THRESHOLD)
    ends.axvline(2, **THRESHOLD)
    note(ends, 0.28, 0.05, "c = 2", va="bottom")
    (here,) = ends.plot([], [], "o", color=NGDM["color"], clip_on=False)

    def update(c, eta, delta, data):
        run = trajectories.run(dataclasses.replace(drawn[data], delta=delta), np.zeros(50), eta, steps)
        level = theory.huber_plateau(c, delta) if c >= 2 else np.nan
        first.set_data(run.steps[:61], run.values[:61] / (level if c > 2 else run.values[0]))
        values.set_data(run.steps + 1, run.values)
        plateau.set_ydata([level, level])
        bound.set_ydata([delta**2 * c / 2] * 2)
        predicted = np.nan
        if c <= 2:
            early.title.set_text(f"falls (shown: f / f₀), η = {eta:.3g}")
        elif np.abs(drawn[data].y).max() >= delta:
            early.title.set_text("starts past δ: no prediction")
        else:  # all residuals start within δ
            predicted = float(theory.huber_rise(c, shares[data], delta))
            lowest = int(np.argmin(run.values))
            # the top is the first step that does not rise, counted from the lowest loss
            over = np.diff(run.values[lowest:]) <= 0
            top = lowest + int(np.argmax(over)) if over.any() else steps
            course = f"rises to step {top}" if lowest == 0 else f"falls, rises {lowest}–{top}"
            early.title.set_text(f"{course}; predicted {predicted:.1f}")
        passes.set_xdata([predicted] * 2)
        tail = run.values[-200:].mean()
        late.title.set_text(f"c = {c:.3g}: mean {tail:.3g}, largest {run.values[-200:].max():.3g}")
        here.set_data([c], [max(tail / delta**2, 1e-2)])
        ends.title.set_text("converges below 2/L" if c < 2 else f"plateau {level:.3g}, bound {delta**2 * c / 2:.3g}")
        return first, passes, early.title, values, plateau, bound, late.title, here, ends.title

    return live(
        figure,
        update,
        **controls,
        goals=[goal("(i) Find the largest c that converges.", lambda c: 1.96 < c < 2, {"c": 1.97})],
        marks={f"c = {c:g}": {"c": c} for c in (1.95, 2.05, 2.2, 2.5, 4.0, 10.0)},
        play=[first, values],
        readings={"f": values},
        caption="The first 60 losses, the whole run, and where it settles for every c. Dotted, left: when the top "
        "eigenvector alone takes a residual past δ.",
        alt="Three panels. Left: the first 60 losses in units of the plateau, rising and then alternating, with a "
        "dotted line at the predicted step. Middle: the whole run on logarithmic scales, with the plateau dashed and "
        "the bound dotted. Right: the mean of the last 200 losses against c, a dot close to the dashed plateau.",
    )


def _link_c_and_eta(c, eta, data, L):
    """Keep the controls at c = ηL with the L of the chosen data: c follows η as far as it reaches, else η follows c."""

    def differ():
        # beyond rounding: otherwise each would answer the answer of the other
        return not math.isclose(c.value, eta.value * L[data.value], rel_tol=1e-12)

    def follow(change):
        if change["owner"] is eta and differ():
            c.value = eta.value * L[data.value]
        if differ():  # c or the data moved, or η went beyond an end of c
            eta.value = c.value / L[data.value]

    for control in (c, eta, data):
        control.observe(follow, names="value")


def huber_rise():
    """h_δ in one dimension, in units of δ: why the loss rises before it oscillates: sliders c and x₀."""
    steps = 200
    figure, (position, phase, loss) = figures.new(3, size=(11, 3.9))
    position.set(xlim=(0, steps), ylim=(-1.05, 1.05), xlabel="step k", ylabel="xₖ / cδ")
    # no axhspan: before matplotlib 3.9 that is a Polygon, which cannot be moved so
    across = position.get_yaxis_transform()
    band = position.add_patch(Rectangle((0, -1), 1, 2, color="0.9", zorder=0.5, transform=across))
    (path,) = position.plot([], [], marker=".", **NGDM, linewidth=0.6)
    phase.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="xₖ / cδ", ylabel="xₖ₊₁ / cδ")
    phase.plot([-1, 1], [[-1, 1], [1, -1]], color="0.75", linewidth=1, zorder=0.6)
    note(phase, 0.03, 0.95, "same size:\nother sign", va="top", color="0.4")
    (graph,) = phase.plot([], [], **THEORY)
    (cobweb,), (last,) = phase.plot([], [], **NGDM, linewidth=0.8), phase.plot([], [], "o", color=BLUE)
    loss.set(xlim=(0, steps), yscale="log", ylim=(1e-13, 30), xlabel="step k", ylabel="h / δ²")
    (values,) = loss.plot([], [], marker=".", **NGDM, linewidth=0.6)
    (growth,), end = loss.plot([], [], **THEORY), loss.axvline(0, **THRESHOLD)

    def update(c, start):
        run = trajectories.run(problems.ONE_D_HUBER, np.array([start]), c, steps)
        x = run.iterates[:, 0] / c
        path.set_data(run.steps, x)
        band.set(y=-1 / c, height=2 / c)
        knots = np.array([-1.05, -1 / c, 1 / c, 1.05]) * c
        graph.set_data(knots / c, (knots - c * np.clip(knots, -1, 1)) / c)
        # across to the diagonal and up or down to the graph: two points a step
        cobweb.set_data(np.repeat(x, 2)[:-1], [x[0], *np.repeat(x[1:], 2)])
        last.set_data(x[-3:-1], x[-2:])
        values.set_data(run.steps, run.values)
        # the law is for |x| ≤ δ, where f ≤ ½: beyond, it goes on until it overflows
        with np.errstate(over="ignore"):
            law = start**2 / 2 * (c - 1) ** (2.0 * run.steps)
        growth.set_data(run.steps, np.where(law <= 0.5, law, np.nan))
        predicted = float(theory.huber_rise(c, start)) if c > 2 else np.nan
        measured = int(np.argmax(np.abs(run.iterates[:, 0]) > 1))  # 0 if never
        end.set_xdata([predicted, predicted])
        arrived = f"step {measured}" if measured else f"not in {steps} steps"
        loss.title.set_text(f"leaves: {arrived}; predicted {predicted:.1f}" if c > 2 else "c ≤ 2: no rise")
        a, b = np.abs(run.iterates[-2:, 0])
        position.title.set_text(f"c = {c:.3g}: last |x|/δ {max(a, b):.3g}, {min(a, b):.3g}")
        past = f"they add up to {(a + b) / c:.3g}·cδ" if measured else "still within ±δ"
        phase.title.set_text(past if c >= 2 else "converges to 0")
        return path, band, position.title, graph, cobweb, last, phase.title, values, growth, end, loss.title

    @functools.lru_cache(maxsize=1024)  # asked for every place where the reader has been
    def lasts(c, start):
        x = trajectories.run(problems.ONE_D_HUBER, np.array([start]), c, steps).iterates[:, 0]
        return c > 2 and int(np.argmax(np.abs(x) > 1)) >= 100

    @goal(
        "(i) Make the rise last at least 100 steps, once with c alone, and once with x₀ alone from c = 2.11.",
        at=[{"c": 2.07}, {"c": 2.11, "start": 2.88e-05}],
    )
    def lasts_both_ways(c, start, seen):
        long = [state for state in ((c, start), *((s["c"], s["start"]) for s in seen)) if lasts(*state)]
        return any(x0 == 1e-3 for _, x0 in long) and any(at == 2.11 for at, _ in long)

    @goal(
        "(ii) From x₀ = 10⁻³, choose c so that the two ends of the 2-cycle differ as much as possible.", at={"c": 6.65}
    )
    def most_unequal(c, start):
        a, b = np.abs(trajectories.run(problems.ONE_D_HUBER, np.array([start]), c, steps).iterates[-2:, 0])
        return start == 1e-3 and abs(a - b) > 4.6  # the slider's best is 4.612, the next 4.584

    return live(
        figure,
        update,
        c=log_slider("c = ηL", 2.2, 1.5, 10, meaning="learning rate in units of 1/L"),
        start=log_slider("x₀ / δ", 1e-3, 1e-6, 0.9, meaning="start in units of δ"),
        goals=[lasts_both_ways, most_unequal],
        marks={f"c = {c:g}": {"c": c, "start": 1e-3} for c in (1.95, 2.05, 2.2, 2.5, 4.0, 10.0)},
        play=[path, (cobweb, 0, 2), values],
        readings={"xₖ / cδ": path, "h / δ²": values},
        caption="The position, with ±δ in grey; its cobweb; the loss. Watch the sign of the position while the loss "
        "rises.",
        alt="Three panels. Left: the position, flipping sign at every step with growing size until it leaves a grey "
        "band, then alternating. Middle: a cobweb between the diagonal and the dashed map of three pieces, with the "
        "last two positions as dots on its outer pieces. Right: the loss, a straight line up on a logarithmic scale "
        "along the dashed prediction, then flat or alternating.",
    )


def trough():
    """A convex Lipschitz function on which the loss stays bounded and the iterates do not: slider η."""
    steps, width = 4000, 0.25
    objective, k = Trough(width), np.arange(1.0, steps + 1)
    figure, (plane, climb, loss) = figures.new(3, size=(11, 3.8))
    x, y = np.linspace(-1.1, 1.1, 120), np.linspace(-1, 18, 120)
    field = objective.value(np.stack(np.meshgrid(x, y), axis=-1))
    plane.contour(x, y, field, levels=np.arange(0.1, 1.2, 0.1), colors="0.8", linewidths=1, zorder=0.6)
    height = np.linspace(0, 18, 400)
    edge = width * height / (1 + height)  # f = 0 up to |x| = w(y)
    plane.fill_betweenx(height, -edge, edge, color="0.9", zorder=0.5)
    plane.set(xlim=(-1.1, 1.1), ylim=(-1, 18), xlabel="x", ylabel="z")
    (path,) = plane.plot([], [], ".", color=NGDM["color"], markersize=4)
    climb.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(0.1, 30), xlabel="step k", ylabel="zₖ")
    (growth,), (law,) = climb.plot([], [], **NGDM), climb.plot([], [], **THEORY)
    note(climb, 0.03, 0.97, "- - -  (3·width·ηk)^⅓", va="top")
    loss.set(xscale="log", xlim=(1, steps), ylim=(-0.02, 1.05), xlabel="step k", ylabel="f")
    (values,), limit = loss.plot([], [], **NGDM), loss.axhline(0, **THEORY)

    def update(eta):
        f = objective.value(iterates := problems.trough_run(width, eta, steps))
        path.set_data(*iterates.T)
        growth.set_data(k, iterates[1:, 1])
        law.set_data(k, theory.trough_height(width, eta, k))
        values.set_data(np.arange(1, steps + 2), f)
        level = max(eta / 2 - width, 0.0)
        limit.set_ydata([level, level])
        fate = "stopped in the grey set of minimisers" if f[-1] == 0 else "still climbing: stops later"
        plane.title.set_text("escapes" if eta >= 2 * width else fate)
        climb.title.set_text(f"η = {eta:.3g}: z = {iterates[-1, 1]:.3g} after {steps} steps")
        loss.title.set_text(f"f = {f[-1]:.3g}, limit {level:.3g}")
        return path, plane.title, growth, law, climb.title, values, limit, loss.title

    @goal("(i) Find the smallest η for which the iterates escape.", at={"eta": 0.5})
    def just_escapes(eta):
        return 2 * width <= eta < 1.01 * 2 * width

    @goal("(ii) Find an η for which the run ends *in* the set of minimisers.", at={"eta": 0.454})
    def ends_in_the_set(eta):
        return trajectories.run(objective, np.array([eta / 2, 0.0]), eta, steps).values[-1] == 0

    return live(
        figure,
        update,
        # 0.5 = 2·width and 1.0 are places of the slider
        eta=log_slider("η", 1.0, 0.125, 2, meaning="learning rate"),
        goals=[just_escapes, ends_in_the_set],
        marks={"η = 4·width": {"eta": 1.0}},
        play=[path, (growth, 1, 1), values],
        readings={"zₖ": growth, "f": values},
        caption="The path with the set of minimisers in grey, its height, its loss. Which of them settle?",
        alt="Three panels. Left: the trough with its grey set of minimisers and the path flipping across it "
        "while it climbs. Middle: the height against the step on logarithmic scales along the dashed law. "
        "Right: the loss, falling to the dashed limit.",
    )


LOSSES = {  # one-dimensional, f″(0) = 1
    "Huber, δ = 1": problems.ONE_D_HUBER,
    **{name: Separable(name) for name in ("log-cosh", "√(1 + x²) − 1", "mollified Huber")},
    "x²/2": Quadratic(np.eye(1)),
    "x²/2 + x⁴/4": Separable("x²/2 + x⁴/4"),
}


def growth_decides():
    """Past 2/f″(0): which one-dimensional losses diverge, and where the others end: a choice, sliders η and x₀."""
    steps, grid, positive = 400, np.linspace(-6, 6, 401), np.linspace(1e-3, 6, 400)
    figure, (graph, size, slope) = figures.new(3, size=(11, 3.8))
    graph.set(xlim=(-6, 6), ylim=(-0.3, 7), xlabel="x", ylabel="f(x)")
    (curve,), (points,) = graph.plot([], [], color=BLUE), graph.plot([], [], "o", color=NGDM["color"])
    size.set(xlim=(0, steps), yscale="log", ylim=(1e-6, 1e6), xlabel="step k", ylabel="|xₖ|")
    (distance,) = size.plot([], [], **NGDM)
    slope.set(xlim=(0, 6), ylim=(0, 2.1), xlabel="|x|", ylabel="f′(x)/x")
    (secant,), level = slope.plot([], [], color=BLUE), slope.axhline(1, **THEORY)
    (ends,) = slope.plot([], [], "o", color=NGDM["color"])

    def update(loss, eta, start):
        objective = LOSSES[loss]
        run = trajectories.run(objective, np.array([start]), eta, steps, on_overflow="ignore")
        x = run.iterates[:, 0]
        curve.set_data(grid, objective.value(grid[:, None]))
        points.set_data(x[-2:], run.values[-2:])
        distance.set_data(run.steps, np.abs(x))
        secant.set_data(positive, objective.subgradient(positive[:, None])[:, 0] / positive)
        level.set_ydata([2 / eta] * 2)
        # f′(x)/x at an iterate of exactly 0 would be 0/0
        last = np.maximum(np.abs(x[-2:]), 1e-12)
        ends.set_data(last, objective.subgradient(last[:, None])[:, 0] / last)
        # over one cycle: beyond 1e-4 the run is still on its way
        drift = np.abs(x[-1]) / max(np.abs(x[-3]), 1e-300)
        if run.overflow_step is not None or np.abs(x[-1]) > 1e6:
            fate = "diverges"
        elif last.mean() <= 1e-4 or drift < 1 - 1e-4:
            fate = "converges" if eta < 2 else f"shrinking, ±{last.mean():.3g}"
        else:
            fate = f"{'still growing' if drift > 1 + 1e-4 else '2-cycle'}, |x| {last[0]:.3g}, {last[1]:.3g}"
        graph.title.set_text(loss)
        size.title.set_text(f"η = {eta:.3g}: {fate}")
        slope.title.set_text("a 2-cycle ±a needs f′(a)/a = 2/η")
        return curve, points, graph.title, distance, size.title, secant, level, ends, slope.title

    @goal("(i) Find the η at which log-cosh has a 2-cycle of ±1.", at={"loss": "log-cosh", "eta": 2.63})
    def cycle_of_one(loss, eta, start):
        x = trajectories.run(LOSSES[loss], np.array([start]), eta, steps, on_overflow="ignore").iterates[-2:, 0]
        return loss == "log-cosh" and np.abs(np.abs(x) - 1).max() < 0.01

    return live(
        figure,
        update,
        loss=choice("loss", "Huber, δ = 1", list(LOSSES), meaning="one-dimensional loss with f″(0) = 1"),
        goals=[cycle_of_one],
        eta=log_slider("η", 2.5, 1, 6, meaning="learning rate"),
        start=log_slider("x₀", 0.01, 1e-3, 3, meaning="start"),
        marks={f"{name}, η = 2.1": {"loss": name, "eta": 2.1, "start": 0.01} for name in LOSSES},
        play=[distance],
        readings={"|xₖ|": distance},
        caption="The loss with the last two iterates, the distance from 0, and the secant slope f′(x)/x. Where do the "
        "dots of a 2-cycle sit?",
        alt="Three panels. Left: the loss with the last two iterates. Middle: the distance to 0 against the "
        "step. Right: the secant slope f′(x)/x falling or rising with |x|, with a dashed line at 2/η; the "
        "2-cycle sits where they cross.",
    )


RATES = (0.05, 0.1, 0.2, 0.3, 0.4, 1.0, 4.0, 8.0)  # the first five: learning rates of the recorded networks
# Several points lie on one spot of the line 2/η: the sizes keep each marker's outline in sight.
CHORDS = {  # name: (colour, marker, its size)
    "Huber": (BLUE, "o", 9), "|x|": (NGDM["color"], "s", 14),
    "ReLU": (figures.ORANGE, "^", 6), "tanh": (figures.PURPLE, "v", 6), "GELU": (figures.SKY, "D", 4),
}  # fmt: skip


def chord_law():
    """η times the chord curvature of consecutive iterates, on |x|, Huber and recorded networks: slider η."""
    steps, networks, huber = 4000, ("ReLU", "tanh", "GELU"), problems.huber_problem()
    measured = {(row["activation"], row["lr"]): row for row in recorded.load("edge_of_stability") if row["seed"] == 0}
    runs = {(name, lr): measured.get((name.lower(), lr)) for name in networks for lr in RATES}
    # η × chord curvature of both losses, (steps, number of η): all η in one call each
    chords = {
        name: theory.chord_curvature(trajectories.run(objective, start, np.array(RATES), steps), objective)
        for name, objective, start in (("Huber", huber, np.zeros(50)), ("|x|", L1Norm(1.0), np.array([0.5053])))
    }
    # the mean of the last 1000 steps; None where there is no run, or one that overflowed
    ends = {(name, eta): values[-1000:, k].mean() for name, values in chords.items() for k, eta in enumerate(RATES)}
    ends |= {setting: row and row["directional"] for setting, row in runs.items()}

    figure, (course, law) = figures.new(2, size=(11, 4.2))
    course.set(xscale="log", xlim=(1, steps), ylim=(-0.5, 6), xlabel="step k", ylabel="η · ⟨Δg, Δx⟩ / ‖Δx‖²")
    course.axhline(2, **THEORY)
    law.set(
        xscale="log", yscale="log", xlim=(0.04, 10), ylim=(0.02, 60), xlabel="η", ylabel="chord curvature at the end"
    )
    law.plot([0.04, 10], [50, 0.2], **THEORY)
    note(law, 0.6, 0.9, "- - -  2/η", ha="left", va="top")
    lines = {}
    for name, (color, marker, size) in CHORDS.items():
        style = {"linestyle": "none", "marker": "."} if name in networks else {"linewidth": 1.5}
        (lines[name],) = course.plot([], [], color=color, markersize=4, label=name, **style)
        known = {eta: ends[name, eta] for eta in RATES if ends[name, eta]}
        law.plot(list(known), [y / eta for eta, y in known.items()], marker, color=color, markersize=size, mfc="none")
    figures.legend(course, loc="upper right", ncols=2)
    now = law.axvline(0.2, **THRESHOLD)

    def update(eta):
        for name, line in lines.items():
            if name not in networks:
                line.set_data(np.arange(1, steps + 1), chords[name][:, RATES.index(eta)])
            elif runs[name, eta]:
                curve = runs[name, eta]["curves"]["directional"]
                y = np.array(curve["values"], dtype=float)
                line.set_data(1 + np.arange(y.size) * curve["every"], y)
            else:
                line.set_data([], [])
        drawn = [name for name in lines if name not in networks or runs[name, eta]]
        means = [f"{name} {ends[name, eta]:.3g}" if ends[name, eta] else f"{name} overflows" for name in drawn]
        course.title.set_text("at the end: " + ", ".join(means))
        law.title.set_text(f"η = {eta:g}: on Huber c = {eta * huber.smoothness:.3g}, 2/η = {2 / eta:.3g}")
        now.set_xdata([eta, eta])
        return *lines.values(), course.title, now, law.title

    return live(
        figure,
        update,
        eta=select_slider("η", 0.2, list(RATES), meaning="learning rate; networks were recorded up to 0.4"),
        marks={f"η = {eta:g}": {"eta": eta} for eta in (0.1, 0.2, 0.4, 8.0)},
        caption="η times chord curvature on the way, and the chord curvature at the end against η. Which runs come to "
        "the dashed line?",
        alt="Two panels. Left: η times chord curvature against the step for Huber, the absolute value and three "
        "networks, ending near the dashed line at 2. Right: the curvature itself against η, on the dashed line 2/η "
        "wherever η is large enough.",
    )


def local_edge():
    """Mean Huber with n = 50 > p from near its minimiser, local against global threshold: slider δ, a choice of p."""
    steps, cs = 1500, np.geomspace(1.5, 8, 40)
    deltas = np.array([float(f"{delta:.3g}") for delta in np.geomspace(0.1, 2, 21)])  # those of the slider

    @functools.cache
    def sweep(p):
        """For each δ: the local threshold in units of 1/L, and the final excess loss for each c, all in one call."""
        objective = problems.huber_problem("U[0, 1]", deltas[:, None], n=50, p=p)
        L = objective.smoothness
        # 4000 steps take the gradient below 2e-7 for every δ of the slider; only the last iterate is of interest
        minimisers = trajectories.run(objective, np.zeros(p), 1 / L, 4000, "fista", record_every=4000).iterates[-1]
        interior = np.abs(minimisers @ objective.X.T - objective.y) < deltas[:, None, None]
        thresholds = np.array([theory.local_threshold(objective.X, rows) for (rows,) in interior])
        # near enough that the residuals within δ are those of the minimiser: the local threshold decides
        nearby = minimisers + 1e-4 * np.random.default_rng(1).standard_normal(p)
        run = trajectories.run(objective, nearby, cs / L, steps, record_every=10)
        return thresholds * L, run.values[-10:].mean(axis=0) - objective.value(minimisers)

    figure, ax = figures.new(size=(9, 4.2))
    ax.set(xscale="log", yscale="log", xlim=(1.5, 8), ylim=(3e-16, 1e5), xlabel="c = ηL", ylabel="final excess loss")
    ax.set_xticks([2, 3, 4, 6, 8], ["2", "3", "4", "6", "8"])
    ax.minorticks_off()
    (excess,) = ax.plot([], [], marker="o", **NGDM)
    ax.axvline(2, ymax=0.9, **THRESHOLD)
    local = ax.axvline(2, ymax=0.9, **THEORY)
    note(ax, 0.02, 0.98, "· · ·   global 2/L          - - -  local 2/λmax(X_IᵀX_I/n)", va="top")

    def update(delta, p):
        thresholds, values = sweep(p)
        row = int(np.abs(deltas - delta).argmin())
        # what is left of a loss of order 1 is rounding, and may be negative
        excess.set_data(cs, np.maximum(values[row], 1e-15))
        local.set_xdata([thresholds[row]] * 2)
        ax.title.set_text(f"n = 50, p = {p}, δ = {deltas[row]:.3g}: converges up to c = {thresholds[row]:.2f}")
        return excess, local, ax.title

    @goal("(ii) Find the smallest δ at which the dashed and the dotted line meet.", at={"delta": 0.701})
    def thresholds_meet(delta, p):
        thresholds, row = sweep(p)[0], int(np.abs(deltas - delta).argmin())
        return np.isclose(thresholds[row], 2) and not np.isclose(thresholds[max(row - 1, 0)], 2)

    @goal("(i) Move the local threshold to more than three times the global one.", at={"delta": 0.135})
    def three_times(delta, p):
        return sweep(p)[0][int(np.abs(deltas - delta).argmin())] > 3 * 2

    return live(
        figure,
        update,
        delta=log_slider("δ", deltas[5], 0.1, 2, meaning="Huber's threshold", steps=len(deltas) - 1),
        p=choice("p", 5, [5, 20], meaning="number of parameters"),
        marks={"all residuals inside": {"delta": 2.0}, "few inside": {"delta": 0.1, "p": 20}},
        goals=[three_times, thresholds_meet],
        caption="What is left of the loss after 1500 steps from near the minimiser, against c. How far to the right "
        "does it stay at 0?",
        alt="Final excess loss against c on logarithmic scales: at rounding level up to the dashed local "
        "threshold, then jumping up; the dotted global threshold is at 2.",
    )


def growth_exponent():
    """A parabola up to |x| = 1 that goes on as |x|^q: which q end in a 2-cycle past 2/L: sliders q, η and x₀."""
    steps, grid, exponents = 2000, np.linspace(-10, 10, 401), np.linspace(1, 3, 81)
    positive, below = np.geomspace(0.05, 20, 300), exponents < 2
    figure, (graph, slope, ends) = figures.new(3, size=(11, 3.9))
    graph.set(xlim=(-10, 10), ylim=(-1, 30), xlabel="x", ylabel="f(x)")
    graph.plot(grid, grid**2 / 2, color="0.75", linewidth=1, zorder=0.6)
    (curve,), (points,) = graph.plot([], [], color=BLUE), graph.plot([], [], "o", color=NGDM["color"])
    slope.set(xscale="log", yscale="log", xlim=(0.05, 20), ylim=(0.05, 20), xlabel="|x|", ylabel="f′(x)/x")
    (secant,), level = slope.plot([], [], color=BLUE), slope.axhline(1, **THEORY)
    (crossing,) = slope.plot([], [], "o", color=NGDM["color"])
    note(slope, 0.03, 0.95, "- - -  2/η", va="top")
    ends.set(yscale="log", xlim=(1, 3), ylim=(0.5, 1e4), xlabel="growth exponent q", ylabel="larger of last two |x|")
    (sweep,), (predicted,) = ends.plot([], [], ".", color=NGDM["color"], markersize=9), ends.plot([], [], **THEORY)
    (here,) = ends.plot([], [], "o", color=BLUE, markersize=9, clip_on=False)
    ends.axvline(2, **THRESHOLD)
    note(ends, 0.98, 0.05, "off the frame", ha="right", va="bottom")

    kept = {}  # (η, x₀): where every exponent ends, which a move of q does not change

    def update(q, eta, start):
        # at a new (η, x₀) every exponent runs together with q
        objective, runs = PowerTail(q), PowerTail(np.append(q, [] if (eta, start) in kept else exponents))
        with np.errstate(over="ignore", invalid="ignore"):
            states = trajectories.iterate(runs, np.array([start]), eta)
            last_two = np.stack([*itertools.islice(states, steps - 1, steps + 1)])[..., 0]
        # what overflowed is put far off the frame, where f is finite
        last_two = np.clip(np.where(np.isnan(last_two), np.inf, last_two), -1e100, 1e100)
        x, others = last_two[:, 0], last_two[:, 1:]
        curve.set_data(grid, objective.value(grid[:, None]))
        points.set_data(x, objective.value(x[:, None]))
        secant.set_data(positive, objective.subgradient(positive[:, None])[:, 0] / positive)
        level.set_ydata([2 / eta] * 2)
        sweep.set_data(exponents, kept.setdefault((eta, start), np.abs(others).max(axis=0)))
        last = np.abs(x).max()
        # what left the frame is drawn at its edge
        here.set_data([q], [np.clip(last, 0.5, 1e4)])
        cycle = theory.power_cycle(eta, exponents[below]) if eta >= 2 else np.full(below.sum(), np.nan)
        predicted.set_data(exponents[below], cycle)
        diverges = q >= 2 and not last < 1e6
        size = theory.power_cycle(eta, q) if eta > 2 and q < 2 else np.nan
        crossing.set_data([size], [2 / eta])
        digits = ".3g" if last < 1e4 else ".1e"
        caught = f"last |x| {np.abs(x[0]):{digits}}, {np.abs(x[1]):{digits}}"
        graph.title.set_text(f"q = {q:.3g}: {'converges' if last < 1e-9 else 'diverges' if diverges else caught}")
        slope.title.set_text(f"2/η = {2 / eta:.3g}: " + (f"met at ±{size:{digits}}" if size < np.inf else "not met"))
        ends.title.set_text(f"η = {eta:.3g}, every q; blue: this one")
        return curve, points, graph.title, secant, level, crossing, slope.title, sweep, predicted, here, ends.title

    @goal("(i) At η = 2.5, find the largest q that stays in the frame of the right panel.", at={"q": 1.97})
    def last_in_frame(q, eta, start):
        if eta != 2.5:
            return False
        top = ends.get_ylim()[1]
        runs = trajectories.run(
            PowerTail(np.array([q, q + 0.01])), np.array([start]), eta, steps, on_overflow="ignore"
        ).iterates[-2:, :, 0]
        here, above = np.abs(runs).max(axis=0)
        return here < top <= above

    past = {"Huber: q = 1": 1.0, "q = 1.5": 1.5, "parabola: q = 2": 2.0, "q = 2.5": 2.5}  # 2/L, with their q

    @goal("(ii) At q = 1.5, find the η whose 2-cycle is nearest to ±4.", at={"eta": 3.99})
    def cycle_of_four(q, eta):
        return q == 1.5 and eta > 2 and abs(theory.power_cycle(eta, q) - 4) < 0.03

    return live(
        figure,
        update,
        q=slider("q", 1.5, 1.0, 3.0, 0.01, meaning="growth exponent beyond |x| = 1"),
        eta=log_slider("η", 2.5, 1.5, 6, meaning="learning rate; 2/f″(0) = 2"),
        start=log_slider("x₀", 0.01, 1e-3, 3, meaning="start"),
        goals=[last_in_frame, cycle_of_four],
        marks={**{name: {"q": q, "eta": 2.5} for name, q in past.items()}, "below 2/L": {"eta": 1.95}},
        caption="The loss, with the parabola in grey; its secant slope; and where the run ends for every exponent. "
        "Where does the dashed law stop?",
        alt="Three panels. Left: the loss with the last two iterates, and the parabola in grey. Middle: the secant "
        "slope against |x| on logarithmic scales: flat at 1, then a straight line that bends down for exponents below "
        "2, with a dashed line at 2/η. Right: where the run ends for every exponent, along the dashed law up to 2.",
    )


def toy_problem():
    """Loss (3) and a two-weight network, as toy problems for the Edge of Stability: the largest curvature on the way.

    L is 2λmax(XᵀX) for (3); for the network it is the curvature at which gradient flow ends.
    """
    steps = 100
    figure, (loss, curvature) = figures.new(2, size=(11, 4))
    loss.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-8, 1e6), xlabel="step k + 1", ylabel="f − f*")
    (values,) = loss.plot([], [], **NGDM)
    curvature.set(xlim=(0, steps), ylim=(0, 2.2), xlabel="step k", ylabel="largest curvature / L")
    (course,), edge = curvature.plot([], [], **NGDM, marker=".", linewidth=0.8), curvature.axhline(2, **THRESHOLD)
    curvature.axhline(1, **THEORY)
    lines = note(curvature, 0.97, 0.97, "", ha="right", va="top")

    def update(problem, c, strength, X):
        if problem == "(3)":
            objective, start = problems.relu_toy(strength, X)
            L, lowest = objective.curvature, float((objective.y**2).sum())
            run = trajectories.run(objective, start, c / L, steps, on_overflow="ignore")
            sharpness = theory.active_curvature(objective, run.iterates)
        else:
            L, lowest = theory.product_flow_sharpness(problems.TWO_WEIGHTS), 0.0
            run = trajectories.run(Product(), np.array(problems.TWO_WEIGHTS), c / L, steps, on_overflow="ignore")
            with np.errstate(over="ignore", invalid="ignore"):
                sharpness = theory.product_sharpness(run.iterates)
        values.set_data(run.steps + 1, np.maximum(run.values - lowest, 1e-300))
        course.set_data(run.steps, sharpness / L)
        edge.set_ydata([2 / c, 2 / c])
        dashed = "L: its bound" if problem == "(3)" else "L: where gradient flow ends"
        lines.set_text(f"· · ·   2/η{'' if c > 1 else ', above the frame'}\n- - -  {dashed}")
        # past 1e12, far above every start, a run does not come back
        diverged = run.overflow_step is not None or not run.values[-1] < 1e12
        end = "diverges" if diverged else f"last f − f* = {run.values[-1] - lowest:.2g}"
        loss.title.set_text(f"{problem}, η = {c / L:.3g}: {end}")
        last = "" if diverged else f", {sharpness[-1]:.3g} at the end"
        curvature.title.set_text(f"largest curvature {sharpness[0]:.3g} at first{last}; 2/η = {2 * L / c:.3g}")
        return values, loss.title, course, edge, lines, curvature.title

    ours = {f"(3), c = {c:g}": {"problem": "(3)", "c": c, "X": "U[−1, 1]"} for c in (0.2, 4.0, 6.0)}
    rival = {f"two weights, c = {c}": {"problem": "½(uv − 1)²", "c": c} for c in (0.2, 1.5)}
    words = "(i) On the two weights, find a c for which the end of gradient flow (dashed) lies above 2/η (dotted)."
    return live(
        figure,
        update,
        problem=choice("loss", "(3)", ["(3)", "½(uv − 1)²"], meaning="the paper's toy problem, or two weights"),
        c=log_slider("c = ηL", 0.2, 0.1, 8, meaning="learning rate in units of 1/L"),
        strength=slider("|y|", 1.0, 0.0, 3.0, meaning="kink strength of (3)"),
        X=choice("X", "U[−1, 1]", ["U[−1, 1]", "U[0, 1]"], meaning="data of (3)"),
        goals=[goal(words, lambda problem, c: problem != "(3)" and c > 2, {"problem": "½(uv − 1)²", "c": 2.2})],
        marks=ours | rival,
        play=[values, course],
        readings={"f − f*": values, "curvature / L": course},
        caption="The loss above its minimum, and the largest curvature on the way. Which of the two losses drives its "
        "curvature towards 2/η?",
        alt="Two panels. Left: the loss above its minimum against the step on logarithmic scales. Right: the largest "
        "curvature in units of L against the step, with a dotted line at 2/η and a dashed one at L.",
    )


def separable_logistic():
    """Logistic regression past 2/L: sliders c = ηL and the margin, a choice of flipped labels; 1.9/L beside it."""
    steps = problems.LOGISTIC_STEPS
    figure, (loss, curvature) = figures.new(2, size=(11, 4))
    loss.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-6, 100), xlabel="step k + 1", ylabel="f")
    (slow,), (values,) = loss.plot([], [], **SMOOTH), loss.plot([], [], **NGDM, marker=".", linewidth=1)
    lowest, words = loss.axhline(1, **THEORY), note(loss, 0.03, 0.04, "", va="bottom")
    curvature.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-4, 200), xlabel="step k + 1", ylabel="η λmax")
    (course,), there = curvature.plot([], [], **NGDM, marker=".", linewidth=0.8), curvature.axhline(1, **THEORY)
    curvature.axhline(2, **THRESHOLD)
    note(curvature, 0.97, 0.96, "· · ·   2", ha="right", va="top")
    run_of = functools.lru_cache(maxsize=256)(problems.logistic_run)

    def rises(c, margin, flipped):
        # beyond rounding, about a minimiser
        return int((np.diff(run_of(c, margin, flipped).values) > 1e-12).sum())

    def update(c, margin, flipped):
        run, reference = run_of(c, margin, flipped), run_of(1.9, margin, flipped)
        values.set_data(run.steps + 1, run.values)
        slow.set_data(reference.steps + 1, reference.values)
        problem = problems.logistic_problem(margin, flipped)
        course.set_data(run.steps + 1, c / problem.smoothness * theory.logistic_curvature(problem, run.iterates))
        # where a line separates the labels f* is 0, far below the frame, and nowhere attained
        best = -sum(p * math.log(p) for p in (flipped, 1 - flipped)) if flipped else 1e-30
        level = 2 * c / theory.flipped_threshold(flipped) if flipped else 1e-30
        lowest.set_ydata([best] * 2)
        there.set_ydata([level] * 2)
        words.set_text("- · -   η = 1.9/L" + ("\n- - -  at the minimiser" if flipped else ""))
        last = f"last {run.values[-1]:.2g}, at 1.9/L {reference.values[-1]:.2g}"
        loss.title.set_text(f"c = {c:.3g}: rises {rises(c, margin, flipped)} times; {last}")
        end = f"at the minimiser {level:.3g}" if flipped else "no minimiser"
        curvature.title.set_text(f"η λmax: {c:.3g} at step 0; {end}")
        return slow, values, lowest, words, loss.title, course, there, curvature.title

    closer = 1 / 1.027  # a step of the slider of c

    @goal(
        "(i) With separable labels and γ = 0.2, find the smallest c at which the loss goes up at all.", at={"c": 3.28}
    )
    def first_to_rise(c, margin, flipped):
        return (margin, flipped) == (0.2, 0) and rises(c, 0.2, 0.0) > rises(closer * c, 0.2, 0.0) == 0

    @goal("(ii) At c = 40, find the smallest γ with which the loss never goes up.", at={"c": 40.0, "margin": 0.35})
    def first_to_fall(c, margin, flipped):
        return (c, flipped) == (40, 0) and rises(c, margin, 0.0) == 0 < rises(c, margin - 0.01, 0.0)

    @goal("(iii) With one label in ten flipped, find the largest c that converges.", at={"flipped": 0.1, "c": 5.43})
    def last_to_settle(c, flipped):
        return flipped == 0.1 and closer < c / theory.flipped_threshold(0.1) < 1

    return live(
        figure,
        update,
        c=log_slider("c = ηL", 1.9, 0.5, 100, meaning="learning rate in units of 1/L"),
        margin=slider("margin γ", 0.2, 0.05, 1.0, 0.01, meaning="distance of the separating line from the data"),
        flipped=choice(
            "labels", 0.0, [("separable", 0.0), ("1 in 20 flipped", 0.05), ("1 in 10", 0.1), ("1 in 5", 0.2)],
            meaning="how many labels are flipped at each place",
        ),
        goals=[first_to_rise, first_to_fall, last_to_settle],
        marks={
            **{f"{c:g}/L": {"c": c, "flipped": 0.0} for c in (1.9, 4.0, 40.0)},
            **{f"1 in 10 flipped, {c:g}/L": {"c": c, "flipped": 0.1} for c in (5.0, 6.5)},
        },
        play=[values, course],
        readings={"f": values, "η λmax": course},
        caption="Mean logistic loss of 40 samples at (γ, 1) and (γ, −½), from β = 0, and η times its largest curvature "
        "on the way.",
        alt="Two panels. Left: the loss against the step on logarithmic scales, with the run at 1.9/L beside it. "
        "Right: the learning rate times the largest curvature against the step on logarithmic scales, with a dotted "
        "line at 2; with flipped labels a dashed line in either panel at the value of the minimiser.",
    )  # fmt: skip


def basins():
    """Where gradient descent on ½(uv − 1)² is after 60 steps, from any start: sliders η, a zoom, a cross-hair."""
    side, count, steps = 2.6, 320, 60
    # exactly symmetric about 0
    cells = (np.arange(count) - (count - 1) / 2) / count
    figure, (plane, sharp) = figures.new(2, size=(11, 4.1))

    def square(eta, u, v, zoom):
        """η, and which square of a board of zoom × zoom the cross-hair is in: what the map depends on."""
        return eta, zoom, *(min(int((start + side) / (2 * side) * zoom), zoom - 1) for start in (u, v))

    @functools.lru_cache(maxsize=24)  # 800 kB each
    def part(eta, zoom, column, row):
        """The starts u and v in a square, and where they end."""
        width = 2 * side / zoom
        u, v = (width * (place - (zoom - 1) / 2) + width * cells for place in (column, row))
        if not column == row == (zoom - 1) / 2:
            grid = np.stack(np.meshgrid(u, v), axis=-1)
            return u, v, problems.in_blocks(lambda rows: problems.product_ends(rows, eta), grid)
        # (v, u), (−u, −v) and (−v, −u) end where (u, v) does: a quarter of a square about 0 is enough
        i, j = np.nonzero(np.abs(v)[:, None] <= u)
        ends, field = problems.product_ends(np.stack([u[j], v[i]], axis=-1), eta), np.empty((count, count))
        field[i, j] = field[-1 - i, -1 - j] = field[j, i] = field[-1 - j, -1 - i] = ends
        return u, v, field

    shades = {"label": f"sharpness after {steps} steps", "norm": Normalize(2, 2 / 0.76), "ends": ("2", "2/η")}
    image = figures.map_of(plane, *part(0.76, 1, 0, 0), **shades)
    plane.set(box_aspect=1, xlabel="start u", ylabel="start v")
    plane.locator_params(nbins=5)
    note(plane, 0.02, 0.02, "white: diverges", va="bottom")
    hair = figures.cross_hair(plane)
    (path,) = plane.plot([], [], marker=".", **NGDM, linewidth=0.8)
    sharp.set(xlim=(0, steps), ylim=(0, 8), xlabel="step k", ylabel="sharpness")
    sharp.locator_params(nbins=4)
    (course,), edge = sharp.plot([], [], marker=".", **NGDM, linewidth=0.8), sharp.axhline(1, **THRESHOLD)
    flow = sharp.axhline(1, **THEORY)
    note(sharp, 0.97, 0.97, "· · ·   2/η\n- - -  where gradient flow ends", ha="right", va="top")

    def update(eta, u, v, zoom):
        figures.refill(image, *part(*square(eta, u, v, zoom)))
        if image.norm.vmax != 2 / eta:
            image.set_clim(2, 2 / eta)
        figures.aim(hair, u, v)
        start = np.array([u, v])
        run = trajectories.run(Product(), start, eta, steps, on_overflow="ignore")
        path.set_data(*run.iterates.T)
        with np.errstate(over="ignore", invalid="ignore"):
            course.set_data(run.steps, theory.product_sharpness(run.iterates))
        edge.set_ydata([2 / eta] * 2)
        # a flow that starts at uv ≤ 0 may end at the saddle 0
        along = float(theory.product_flow_sharpness(start)) if u * v > 0 else np.nan
        flow.set_ydata([along] * 2)
        end = float(problems.product_ends(start, eta))
        fate = "diverges" if np.isnan(end) else f"ends at sharpness {end:.4g}"
        plane.title.set_text(f"from ({u:.3g}, {v:.3g}): {fate}")
        sharp.title.set_text(f"η = {eta:.3g}: 2/η = {2 / eta:.3g}")
        return *hair, path, plane.title, course, edge, flow, sharp.title

    known = dict(zip("uv", problems.TWO_WEIGHTS, strict=True))
    return live(
        figure,
        update,
        background=square,
        u=slider("u", known["u"], -side, side, 0.01, meaning="first weight at the start"),
        v=slider("v", known["v"], -side, side, 0.01, meaning="second weight at the start"),
        eta=slider("η", 0.76, 0.3, 0.98, 0.04, meaning="learning rate"),
        zoom=choice("zoom", 1, [("× 1", 1), ("× 3", 3), ("× 9", 9), ("× 27", 27)], meaning="about the cross-hair"),
        marks={
            "past the edge, and back": {"eta": 0.76, **known, "zoom": 1},
            "small step": {"eta": 0.3, **known, "zoom": 1},
            "onto the steepest": {"eta": 0.76, "u": 1.48, "v": 0.67, "zoom": 1},
            "the border × 9": {"eta": 0.76, "u": 2.1, "v": 0.6, "zoom": 9},
            "diverges": {"eta": 0.76, "u": 2.4, "v": -1.0, "zoom": 1},
        },
        play=[path, course],
        readings={"sharpness": course},
        drag={plane: ("u", "v")},
        caption="Left: the sharpness where each start ends. Right: the sharpness on the way from the cross-hair. How "
        "steep is the steepest end?",
        alt="Two panels. Left: the plane of starts, coloured by the sharpness of the minimum where each ends: an oval, "
        "dark in the middle, with bright islands that become smaller and more numerous towards its border, and white "
        "outside; a red cross-hair and the path from there. Right: the sharpness along that path against the step, "
        "with 2/η dotted and the end of gradient flow dashed.",
    )


def huber_memory():
    """How unequal the two ends of Huber's 2-cycle are, over c = ηL and the start x₀: a cross-hair, and its run."""
    cs, starts = np.linspace(2.2, 8, 400), np.geomspace(1e-4, 0.9, 256)
    steps = 60  # at c = 2.2, a start of 1e-4 takes 51 to pass δ

    def lopsided(rows):
        """The difference of the two ends over (c − 2)δ: past δ a step has the length cδ, so they add up to cδ."""
        x0 = np.repeat(rows[:, None, None], cs.size, axis=1)
        last = itertools.islice(trajectories.iterate(problems.ONE_D_HUBER, x0, cs), steps - 1, steps + 1)
        return np.abs(np.subtract(*(np.abs(beta[..., 0]) for beta in last))) / (cs - 2)

    field = problems.in_blocks(lopsided, starts)
    figure, (plane, size) = figures.new(2, size=(11, 4), width_ratios=(6, 5))
    plane.set(yscale="log", xlabel="c = ηL", ylabel="x₀ / δ")
    figures.map_of(plane, cs, starts, field, "difference of the ends / (c − 2)δ", Normalize(0, 1))
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    for crossings in range(1, 9):
        # from here a start reaches δ in a whole number of steps
        plane.plot(cs, (cs - 1.0) ** -crossings, **THEORY, linewidth=1, zorder=1)
        if crossings < 6:
            words = f"{crossings} steps to δ" if crossings > 1 else "1 step to δ"
            plane.text(6, 5.0**-crossings, words, ha="center", va="center", bbox=ground, zorder=1)
    hair = figures.cross_hair(plane)
    size.set(yscale="log", xlim=(0, steps), ylim=(5e-5, 15), xlabel="step k", ylabel="|xₖ| / δ")
    (path,) = size.plot([], [], marker=".", **NGDM, linewidth=0.6)
    size.axhline(1, **THRESHOLD)
    middle, farthest = size.axhline(1, **THEORY), size.axhline(1, **THRESHOLD)
    note(size, 0.97, 0.03, "- - -  c/2: equal ends\n· · ·   1 and c − 1", ha="right", va="bottom")

    def update(c, start):
        figures.aim(hair, c, start)
        run = trajectories.run(problems.ONE_D_HUBER, np.array([start]), c, steps)
        x = np.abs(run.iterates[:, 0])
        path.set_data(run.steps, x)
        middle.set_ydata([c / 2] * 2)
        farthest.set_ydata([c - 1] * 2)
        memory = abs(x[-1] - x[-2]) / (c - 2)
        plane.title.set_text(f"c = {c:.3g}, x₀ = {start:.3g}δ: {memory:.3g} of the largest difference")
        size.title.set_text(f"{theory.huber_rise(c, start):.2f} steps to δ; ends {min(x[-2:]):.3g}, {max(x[-2:]):.3g}")
        return *hair, plane.title, path, middle, farthest, size.title

    return live(
        figure,
        update,
        c=slider("c = ηL", 4.0, 2.2, 8.0, 0.01, meaning="learning rate in units of 1/L"),
        start=log_slider("x₀ / δ", 1e-3, 1e-4, 0.9, meaning="start in units of δ"),
        marks={
            "two steps to δ": {"c": 4.0, "start": 1 / 9},
            "three steps to δ": {"c": 4.0, "start": 1 / 27},
            "equal ends": {"c": 4.0, "start": 2 / 27},
            "near 2/L": {"c": 2.2, "start": 1e-3},
        },
        play=[path],
        readings={"|xₖ| / δ": path},
        drag={plane: ("c", "start")},
        caption="How unequal the two ends of the 2-cycle become. From a dashed line a start reaches δ in a whole "
        "number of steps.",
        alt="Two panels. Left: a map over c and the start on a logarithmic scale: curved stripes, bright at the white "
        "dashed lines and dark between them, that become thinner and steeper towards c = 2; a red cross-hair. Right: "
        "the distance from 0 against the step, a straight rise to δ, then two levels on either side of c/2.",
    )
