"""The sliders of notebook 4."""

import functools
import warnings

import numpy as np

from ngdm_helpers import figures, records, theory, trajectories
from ngdm_helpers.claims import huber_problem
from ngdm_helpers.figures import BLUE, NGDM, SMOOTH, THEORY, THRESHOLD
from ngdm_helpers.live import choice, live, log_slider, select_slider
from ngdm_helpers.objectives import Huber, L1Norm, Quadratic, Separable, Trough


def _run(*arguments, **options):
    """`trajectories.run` where divergence is part of the picture and needs no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", trajectories.DivergenceWarning)
        return trajectories.run(*arguments, **options)


def quadratic_threshold():
    """Gradient descent on ½(x² + y²/10): slider η through 2/L = 2."""
    steps, curvatures = 60, np.array([1.0, 0.1])
    objective, start = Quadratic(np.diag(curvatures)), np.array([0.3, 1.0])
    figure, (plane, loss) = figures.new(2, size=(11, 4))
    plane.set(xlim=(-1.3, 1.3), ylim=(-0.4, 1.3), xlabel="x  (curvature 1)", ylabel="y  (curvature 1/10)")
    side = np.linspace(-1.3, 1.3, 100)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    plane.contour(side, side, objective.value(grid), levels=12, colors="0.8", linewidths=1, zorder=0.6)
    (path,) = plane.plot([], [], marker=".", color=BLUE, linewidth=1)
    plane_title = plane.set_title("")
    loss.set(xlim=(0, steps), yscale="log", ylim=(1e-8, 1e4), xlabel="step k", ylabel="f")
    (values,) = loss.plot([], [], color=BLUE)
    modes = [loss.plot([], [], **THEORY)[0] for _ in curvatures]
    figures.note(loss, 0.03, 0.97, "- - -  one mode each: (1 − ηλᵢ)²ᵏ", va="top")
    loss_title = loss.set_title("")

    def update(eta):
        run = _run(objective, start, eta, steps)
        path.set_data(*run.iterates.T)
        values.set_data(run.steps, run.values)
        for mode, curvature, x0 in zip(modes, curvatures, start, strict=True):
            mode.set_data(run.steps, curvature * x0**2 / 2 * (1 - eta * curvature) ** (2 * run.steps))
        words = "converges" if eta < 2 else "neither converges nor diverges" if eta == 2 else "diverges"
        plane_title.set_text(f"η = {eta:.3g}, 2/L = 2: {words}")
        loss_title.set_text(f"f after {steps} steps: {run.values[-1]:.2g}")
        return path, plane_title, values, *modes, loss_title

    return live(
        figure,
        update,
        eta=log_slider("η", 0.5, 0.1, 2.5, meaning="learning rate"),
        marks={"1/L": {"eta": 1.0}, "1.9/L": {"eta": 1.9}, "2/L": {"eta": 2.0}, "2.05/L": {"eta": 2.05}},
        caption="Below the threshold every direction converges; above it the steepest one grows.",
        alt="Two panels. Left: the path over elliptic contours. Right: the loss against the step on a "
        "logarithmic scale with one dashed line for each of the two directions.",
    )


def recorded_sharpness():
    """Loss and sharpness of recorded full-batch runs: a choice of activation, a slider over the recorded η."""
    runs = {(row["activation"], row["lr"]): row for row in records.load("edge_of_stability") if row["seed"] == 0}
    activations = sorted({activation for activation, _ in runs}, reverse=True)
    rates = sorted({lr for _, lr in runs})
    steps = max(row["steps"] for row in runs.values())
    figure, (loss, sharp) = figures.new(2, size=(11, 4))
    loss.set(xlim=(0, steps), yscale="log", ylim=(5e-4, 3), xlabel="step k", ylabel="loss")
    (values,) = loss.plot([], [], color=BLUE, linewidth=1)
    loss_title = loss.set_title("")
    sharp.set(xlim=(0, steps), ylim=(0, 45), xlabel="step k", ylabel="sharpness λmax")
    (curve,) = sharp.plot([], [], color=BLUE, marker=".", linewidth=1)
    edge = sharp.axhline(1, **THEORY)
    figures.note(sharp, 0.97, 0.97, "- - -  2/η", ha="right", va="top")
    sharp_title = sharp.set_title("")

    def update(activation, lr):
        row = runs[activation, lr]
        for line, name in ((values, "loss"), (curve, "sharpness")):
            y = row["curves"][name]["values"]
            line.set_data(np.arange(len(y)) * row["curves"][name]["every"], y)
        edge.set_ydata([2 / lr] * 2)
        if row["overflow_step"] is not None:
            loss_title.set_text(f"{activation}, η = {lr:g}: overflows at step {row['overflow_step']}")
            sharp_title.set_text(f"2/η = {2 / lr:.3g}: started too far above it")
        else:
            loss_title.set_text(f"{activation}, η = {lr:g}: final loss {row['final_loss']:.2g}")
            sharp_title.set_text(f"2/η = {2 / lr:.3g}, last quarter {row['sharpness']:.3g}")
        return values, loss_title, curve, edge, sharp_title

    return live(
        figure,
        update,
        activation=choice("activation", "relu", activations, meaning="activation of the network"),
        lr=select_slider("η", 0.2, rates, meaning="learning rate"),
        marks={f"{activation}, η = 0.2": {"activation": activation, "lr": 0.2} for activation in activations},
        caption="With a kinked activation or smooth ones, most runs settle near 2/η; where 2/η is far above, 4000 "
        "steps may not reach it.",
        alt="Two panels. Left: the loss against the step, falling with many small ups and downs. Right: the "
        "largest Hessian eigenvalue, coming to a dashed line at 2/η and hovering there.",
    )


def huber_losses():
    """Figure 3: the loss of gradient descent on mean Huber, n = 20, p = 50: sliders c = ηL and δ, a choice of data."""
    steps = 3000
    figure, (early, late) = figures.new(2, size=(11, 4))
    early.set(xlim=(0, 60), yscale="log", ylim=(0.02, 20), xlabel="step k", ylabel="f / plateau")
    (first,) = early.plot([], [], marker=".", **{**NGDM, "linewidth": 1})
    early.axhline(1, **THEORY)
    early_title = early.set_title("")
    late.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-6, 1e3), xlabel="step k", ylabel="f")
    (values,) = late.plot([], [], **NGDM, linewidth=1)
    plateau, bound = late.axhline(1, **THEORY), late.axhline(1, **THRESHOLD)
    figures.note(late, 0.03, 0.05, "- - -  plateau δ²(c − 1)/2\n· · ·   δ²c/2: bounds best and mean", va="bottom")
    late_title = late.set_title("")

    def update(c, delta, data):
        objective = huber_problem(data, delta)
        eta = c / objective.smoothness
        run = _run(objective, np.zeros(50), eta, steps)
        level = theory.huber_plateau(c, delta) if c >= 2 else np.nan
        scale = level if c > 2 else run.values[0]
        first.set_data(run.steps[:61], run.values[:61] / scale)
        values.set_data(run.steps + 1, run.values)
        plateau.set_ydata([level, level])
        bound.set_ydata([delta**2 * c / 2] * 2)
        rise = int(np.argmax(np.diff(run.values) <= 0)) if c > 2 else 0
        words = f"rises for the first {rise} steps" if rise else "falls first"
        early_title.set_text(f"η = {eta:.3g}: {words}" if c > 2 else f"η = {eta:.3g} (f / f₀)")
        late_title.set_text(f"c = ηL = {c:.3g}: mean of the last 200 is {run.values[-200:].mean():.3g}")
        return first, early_title, values, plateau, bound, late_title

    return live(
        figure,
        update,
        c=log_slider("c = ηL", 2.2, 0.5, 136, meaning="learning rate in units of 1/L"),
        delta=log_slider("δ", 1.0, 0.1, 2, meaning="Huber's threshold"),
        data=choice("X", "U[0, 1]", ["U[0, 1]", "U[−1, 1]"], meaning="how the data were drawn"),
        marks={f"c = {c:g}": {"c": c} for c in (1.95, 2.05, 2.2, 2.5, 4.0, 10.0)},
        caption="Past c = 2 the loss comes to a plateau proportional to c − 1 and oscillates there; it never diverges.",
        alt="Two panels of the loss against the step. Left: the first 60 steps in units of the plateau, rising "
        "and then alternating. Right: the whole run on logarithmic scales, with the plateau dashed and the "
        "bound dotted.",
    )


def huber_rise():
    """h₁ in one dimension: why the loss rises before it oscillates: sliders c and x₀."""
    steps = 200
    objective = Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum")
    figure, (position, loss) = figures.new(2, size=(11, 4))
    position.set(xlim=(0, steps), ylim=(-9.5, 9.5), xlabel="step k", ylabel="x")
    position.axhspan(-1, 1, color="0.93", zorder=0.5)
    figures.note(position, 0.03, 0.95, "grey: |x| ≤ δ, where h is a parabola", va="top")
    (path,) = position.plot([], [], marker=".", **{**NGDM, "linewidth": 0.6})
    position_title = position.set_title("")
    loss.set(xlim=(0, steps), yscale="log", ylim=(1e-8, 30), xlabel="step k", ylabel="h(x)")
    (values,) = loss.plot([], [], marker=".", **{**NGDM, "linewidth": 0.6})
    (growth,) = loss.plot([], [], **THEORY)
    end = loss.axvline(0, **THRESHOLD)
    loss_title = loss.set_title("")

    def update(c, start):
        run = trajectories.run(objective, np.array([start]), c, steps)
        path.set_data(run.steps, run.iterates[:, 0])
        values.set_data(run.steps, run.values)
        with np.errstate(over="ignore"):
            law = start**2 / 2 * (c - 1) ** (2.0 * run.steps)
        growth.set_data(run.steps, np.where(law <= 0.5, law, np.nan))
        if c > 2:
            predicted = float(theory.huber_rise(c, start))
            measured = int(np.argmax(np.abs(run.iterates[:, 0]) > 1))
            end.set_xdata([predicted, predicted])
            arrived = f"leaves the parabola at step {measured}" if measured else "still inside after 200 steps"
            loss_title.set_text(f"predicted rise {predicted:.1f} steps; {arrived}")
        else:
            end.set_xdata([np.nan, np.nan])
            loss_title.set_text("c ≤ 2: the loss does not rise")
        a, b = np.abs(run.iterates[-2:, 0])
        position_title.set_text(f"c = {c:.3g}: ends at ±{max(a, b):.3g} / ∓{min(a, b):.3g}")
        return path, position_title, values, growth, end, loss_title

    return live(
        figure,
        update,
        c=log_slider("c = ηL", 2.1, 1.5, 10, meaning="learning rate in units of 1/L"),
        start=log_slider("x₀", 1e-3, 1e-6, 0.9, meaning="start"),
        marks={f"c = {c:g}": {"c": c, "start": 1e-3} for c in (1.95, 2.05, 2.1, 2.5, 3.0)},
        caption="The sign flips at every step and the loss does not see it: it grows by (c − 1)² until |x| passes δ.",
        alt="Two panels. Left: the position, flipping sign at every step with growing size until it leaves a "
        "grey band, then alternating. Right: the loss, a straight line up on a logarithmic scale along the "
        "dashed prediction, then flat.",
    )


def trough():
    """A convex Lipschitz function on which the loss stays bounded and the iterates do not: slider η."""
    steps, width = 4000, 0.25
    objective = Trough(width)
    figure, (plane, height, loss) = figures.new(3, size=(11, 3.8))
    x, y = np.linspace(-1.1, 1.1, 120), np.linspace(-1, 15, 120)
    field = objective.value(np.stack(np.meshgrid(x, y), axis=-1))
    plane.contour(x, y, field, levels=10, colors="0.8", linewidths=1, zorder=0.6)
    plane.contourf(x, y, field, levels=[-1, 1e-9], colors=["0.9"], zorder=0.5)
    plane.set(xlim=(-1.1, 1.1), ylim=(-1, 15), xlabel="x", ylabel="y")
    (path,) = plane.plot([], [], ".", color=NGDM["color"], markersize=4)
    plane_title = plane.set_title("")
    height.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(0.1, 30), xlabel="step k", ylabel="yₖ")
    (growth,) = height.plot([], [], **NGDM)
    (law,) = height.plot([], [], **THEORY)
    figures.note(height, 0.03, 0.97, "- - -  (3·width·ηk)^⅓", va="top")
    height_title = height.set_title("")
    loss.set(xscale="log", xlim=(1, steps), ylim=(-0.02, 1.05), xlabel="step k", ylabel="f")
    (values,) = loss.plot([], [], **NGDM)
    limit = loss.axhline(0, **THEORY)
    loss_title = loss.set_title("")

    def update(eta):
        run = trajectories.run(objective, np.array([eta / 2, 0.0]), eta, steps)
        path.set_data(*run.iterates.T)
        growth.set_data(run.steps[1:], run.iterates[1:, 1])
        law.set_data(run.steps[1:], theory.trough_height(width, eta, np.arange(1.0, steps + 1)))
        values.set_data(run.steps + 1, run.values)
        level = max(eta / 2 - width, 0.0)
        limit.set_ydata([level, level])
        plane_title.set_text(
            "escapes"
            if eta >= 2 * width
            else "stopped in the grey set of minimisers"
            if run.values[-1] == 0
            else "still climbing: stops later"
        )
        height_title.set_text(f"η = {eta:.3g}: y = {run.iterates[-1, 1]:.3g} after {steps} steps")
        loss_title.set_text(f"f = {run.values[-1]:.3g}, limit {level:.3g}")
        return path, plane_title, growth, law, height_title, values, limit, loss_title

    return live(
        figure,
        update,
        eta=log_slider("η", 1.0, 0.1, 2, meaning="learning rate"),
        marks={"η = 4·width": {"eta": 1.0}, "η = 2·width": {"eta": 0.5}},
        caption="For η from 2·width on, the loss settles at η/2 − width while y grows without bound.",
        alt="Three panels. Left: the trough with its grey set of minimisers and the path flipping across it "
        "while it climbs. Middle: the height against the step on logarithmic scales along the dashed law. "
        "Right: the loss, falling to the dashed limit.",
    )


LOSSES = {  # one-dimensional, f″(0) = 1
    "Huber, δ = 1": Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum"),
    "log-cosh": Separable("log-cosh"),
    "√(1 + x²) − 1": Separable("√(1 + x²) − 1"),
    "x²/2": Quadratic(np.eye(1)),
    "x²/2 + x⁴/4": Separable("x²/2 + x⁴/4"),
}


def growth_decides():
    """Past 2/f″(0): which one-dimensional losses diverge, and where the others end: a choice, sliders η and x₀."""
    steps, grid = 400, np.linspace(-4, 4, 401)
    figure, (graph, size, slope) = figures.new(3, size=(11, 3.8))
    graph.set(xlim=(-4, 4), ylim=(-0.3, 5), xlabel="x", ylabel="f(x)")
    (curve,) = graph.plot([], [], color=BLUE)
    (points,) = graph.plot([], [], "o", color=NGDM["color"])
    graph_title = graph.set_title("")
    size.set(xlim=(0, steps), yscale="log", ylim=(1e-6, 1e6), xlabel="step k", ylabel="|xₖ|")
    (distance,) = size.plot([], [], **NGDM)
    size_title = size.set_title("")
    slope.set(xlim=(0, 4), ylim=(0, 2), xlabel="|x|", ylabel="f′(x)/x")
    (secant,) = slope.plot([], [], color=BLUE)
    level = slope.axhline(1, **THEORY)
    (ends,) = slope.plot([], [], "o", color=NGDM["color"])
    slope_title = slope.set_title("")
    positive = np.linspace(1e-3, 4, 400)

    def update(loss, eta, start):
        objective = LOSSES[loss]
        run = _run(objective, np.array([start]), eta, steps)
        x = run.iterates[:, 0]
        curve.set_data(grid, objective.value(grid[:, None]))
        points.set_data(x[-2:], run.values[-2:])
        distance.set_data(run.steps, np.abs(x))
        secant.set_data(positive, objective.subgradient(positive[:, None])[:, 0] / positive)
        level.set_ydata([2 / eta] * 2)
        last = np.maximum(np.abs(x[-2:]), 1e-12)
        ends.set_data(last, objective.subgradient(last[:, None])[:, 0] / last)
        if run.overflow_step is not None or np.abs(x[-1]) > 1e6:
            words = "diverges"
        else:
            drift = np.abs(x[-1]) / max(np.abs(x[-3]), 1e-300)
            if last.mean() <= 1e-4 or drift < 1 - 1e-4:
                words = "converges" if eta < 2 else f"shrinking, ±{last.mean():.3g}"
            else:
                words = f"{'still growing' if drift > 1 + 1e-4 else '2-cycle'}, ±{last.mean():.3g}"
        graph_title.set_text(loss)
        size_title.set_text(f"η = {eta:.3g}: {words}")
        slope_title.set_text("a 2-cycle ±a needs f′(a)/a = 2/η")
        return curve, points, graph_title, distance, size_title, secant, level, ends, slope_title

    return live(
        figure,
        update,
        loss=choice("loss", "Huber, δ = 1", list(LOSSES), meaning="one-dimensional loss with f″(0) = 1"),
        eta=log_slider("η", 2.5, 1, 6, meaning="learning rate"),
        start=log_slider("x₀", 0.01, 1e-3, 3, meaning="start"),
        marks={f"{name}, η = 2.1": {"loss": name, "eta": 2.1, "start": 0.01} for name in LOSSES},
        caption="Where the secant slope falls below 2/η the iterate is caught in a 2-cycle, kink or no kink.",
        alt="Three panels. Left: the loss with the last two iterates. Middle: the distance to 0 against the "
        "step. Right: the secant slope f′(x)/x falling or rising with |x|, with a dashed line at 2/η; the "
        "2-cycle sits where they cross.",
    )


def chord_law():
    """η times the chord curvature of consecutive iterates, for Huber, log-cosh and |x|: slider c = ηL."""
    steps = 1500
    figure, ax = figures.new(size=(9, 4.2))
    ax.set(xscale="log", xlim=(1, steps), ylim=(-0.2, 4), xlabel="step k", ylabel="η · ⟨Δg, Δx⟩ / ‖Δx‖²")
    ax.axhline(2, **THEORY)
    names = ("Huber, n = 20, p = 50", "log-cosh", "|x|")
    lines = [
        ax.plot([], [], **style, label=name)[0]
        for name, style in zip(names, (NGDM, SMOOTH, {"color": BLUE}), strict=True)
    ]
    figures.legend(ax, loc="upper right")
    title = ax.set_title("")

    def update(c):
        huber = huber_problem("U[0, 1]")
        cases = (
            (huber, np.zeros(50), c / huber.smoothness),
            (Separable("log-cosh"), np.array([0.01]), c),
            (L1Norm(1.0), np.array([0.5053]), c),
        )
        ends = []
        for line, (objective, start, eta) in zip(lines, cases, strict=True):
            run = trajectories.run(objective, start, eta, steps)
            curvature = theory.chord_curvature(run, objective)
            line.set_data(run.steps[1:], curvature)
            ends.append(curvature[-1])
        words = ("converged" if np.isnan(end) else f"{end:.4f}" for end in ends)
        title.set_text(
            "at the end: " + ",   ".join(f"{n.split(',')[0]} {w}" for n, w in zip(names, words, strict=True))
        )
        return *lines, title

    return live(
        figure,
        update,
        c=log_slider("c = ηL", 2.5, 1.5, 100, meaning="learning rate in units of 1/L"),
        marks={f"c = {c:g}": {"c": c} for c in (1.95, 2.05, 2.5, 10.0)},
        caption="On every 2-cycle the chord curvature is exactly 2/η: large steps sit on the edge, kink or no kink.",
        alt="Three curves of η times chord curvature against the step; past c = 2 all settle on the dashed line at 2.",
    )


def local_edge():
    """Mean Huber with n = 50 > p = 20 from near its minimiser: the local threshold against the global one: slider δ."""
    steps, deltas, cs = 1500, np.geomspace(0.05, 2, 24), np.geomspace(1.5, 8, 40)

    @functools.cache
    def sweep():
        """For each δ: the local threshold in units of 1/L, and the final excess loss for each c, all in one call."""
        minimisers, thresholds = zip(*(_minimiser(delta) for delta in deltas), strict=True)
        objective = huber_problem("U[0, 1]", deltas[:, None], n=50, p=20)
        nearby = np.array(minimisers)[:, None, :] + 1e-4 * np.random.default_rng(1).standard_normal(20)
        run = trajectories.run(objective, nearby, cs / objective.smoothness, steps, record_every=10)
        lowest = objective.value(np.array(minimisers)[:, None, :])
        return np.array(thresholds) * objective.smoothness, run.values[-10:].mean(axis=0) - lowest

    figure, ax = figures.new(size=(9, 4.2))
    ax.set(xscale="log", yscale="log", xlim=(1.5, 8), ylim=(3e-16, 100), xlabel="c = ηL", ylabel="final excess loss")
    ax.set_xticks([2, 3, 4, 6, 8], ["2", "3", "4", "6", "8"])
    ax.minorticks_off()
    (excess,) = ax.plot([], [], marker="o", **NGDM)
    ax.axvline(2, **THRESHOLD)
    local = ax.axvline(2, **THEORY)
    figures.note(ax, 0.02, 0.97, "· · ·   global 2/L\n- - -  local 2/λmax(XᵢᵀXᵢ/n)", va="top")
    title = ax.set_title("")

    def update(delta):
        thresholds, values = sweep()
        row = int(np.abs(np.log(deltas / delta)).argmin())
        excess.set_data(cs, np.maximum(values[row], 1e-15))
        local.set_xdata([thresholds[row]] * 2)
        title.set_text(f"δ = {deltas[row]:.3g}: converges up to c = {thresholds[row]:.2f}")
        return excess, local, title

    return live(
        figure,
        update,
        delta=log_slider("δ", 0.1, 0.05, 2, meaning="Huber's threshold", steps=len(deltas) - 1),
        marks={"all residuals inside": {"delta": 2.0}, "few inside": {"delta": 0.05}},
        caption="With n > p only the residuals inside ±δ count near the minimum, and the threshold moves up.",
        alt="Final excess loss against c on logarithmic scales: at rounding level up to the dashed local "
        "threshold, then jumping up; the dotted global threshold is at 2.",
    )


def _minimiser(delta):
    """The minimiser of the n = 50, p = 20 problem by FISTA, and the local threshold there."""
    objective = huber_problem("U[0, 1]", delta, n=50, p=20)
    run = trajectories.run(objective, np.zeros(20), 1 / objective.smoothness, 4000, "fista", record_every=4000)
    beta = run.iterates[-1]
    interior = np.abs(objective.X @ beta - objective.y) < delta
    return beta, theory.local_threshold(objective.X, interior)
