"""The sliders of notebook 1."""

import functools

import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, NeuronRegression
from ngdm_helpers.course import problems
from ngdm_helpers.figures import BLUE, GREEN, NGDM, PURPLE, SMOOTH, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, slider
from ngdm_helpers.objectives import Huber, L1Norm, Quadratic

__all__ = ["noisy_steps", "relu_loss", "step_sizes", "subdifferential", "subgradient_method", "two_recursions"]

ONE_D = {  # one-dimensional functions: the objective, and 2/L
    "x²": Quadratic(np.array([[2.0]])),
    "|x|": L1Norm(1.0, p=1),
    "Huber, δ = ½": Huber(np.array([[1.0]]), np.array([0.0]), delta=0.5, reduction="sum"),
}


def two_recursions():
    """(1) and (2) in one dimension: sliders η and x₀, and a choice of function; marks at 2/L."""
    # 80 steps: at η = 0.1 the error on x², 1.73·0.8⁸⁰ = 3·10⁻⁸, is still on the axis
    steps, grid = 80, np.linspace(-2.2, 2.2, 301)
    figure, (graph, size) = figures.new(2, size=(11, 3.6))
    graph.set(xlim=(-2.2, 2.2), ylim=(-0.3, 4), xlabel="x", ylabel="f(x)")
    (curve,), (path,) = graph.plot([], [], color="0.6"), graph.plot([], [], marker="o", **NGDM, linewidth=0.8)
    size.set(xlim=(0, steps), yscale="log", ylim=(1e-9, 1e2), xlabel="step k", ylabel="|xₖ|")
    (distance,), (predicted,) = size.plot([], [], marker=".", linewidth=1), size.plot([], [], **THEORY)
    (heard,) = size.plot([], [], visible=False)  # x with its sign: the jump is what hums

    def update(function, eta, start):
        objective = ONE_D[function]
        run = trajectories.run(objective, np.array([start]), eta, steps)
        x, k = run.iterates[:, 0], run.steps
        curve.set_data(grid, objective.value(grid[:, None]))
        color = (NGDM if function == "|x|" else SMOOTH)["color"]
        path.set(data=(x, run.values), color=color)
        distance.set(data=(k, np.abs(x)), color=color)
        heard.set_data(k, x)
        if function == "|x|":
            predicted.set_data(k, np.full(k.size, theory.band_mean_l1(1, eta, 1.0)))
            graph.title.set_text(f"NGDM on |x|, η = {eta:.3g}")
            mean = f"last two {abs(x[-2]):.3g}, {abs(x[-1]):.3g}: mean {np.abs(x[-2:]).mean():.3g}"
            jumping = x[-1] * x[-2] < 0  # in the band; a small η may need more steps
            size.title.set_text(mean + (" = η/2" if jumping else ", at 0" if x[-1] == 0 else ", on its way"))
        else:
            L = objective.smoothness
            delta, where = (np.inf, "") if function == "x²" else (0.5, ", within δ")  # quadratic only up to δ
            inside = int(np.argmax(np.abs(x) <= delta))
            line = np.abs(x[inside]) * np.abs(1 - eta * L) ** (k[inside:] - inside)
            line[line > delta] = np.nan
            predicted.set_data(k[inside:], line)
            fate = (": diverges" if function == "x²" else ": a 2-cycle") if eta * L > 2 and start != 0 else ""
            graph.title.set_text(f"GD on {function}, η = {eta:.3g}{fate}; L = {L:g}")
            size.title.set_text(f"|xₖ| ends at {abs(x[-1]):.2g}; dashed{where}: |1 − ηL|ᵏ")
        return curve, path, graph.title, distance, predicted, size.title

    @goal("(i) On x², find where landing turns into diverging.", at=[{"function": "x²", "eta": 0.978}, {"eta": 1.02}])
    def both_sides(function, eta, seen):
        tried = [state["eta"] for state in seen if state["function"] == "x²"]
        below, above = [rate for rate in tried if 0.95 < rate < 1], [rate for rate in tried if 1 < rate < 1.05]
        return function == "x²" and bool((below and 1 < eta < 1.05) or (above and 0.95 < eta < 1))

    @goal(
        "(ii) On |x|, keep x₀. Which η ends closest to 0, by the mean of the last two distances?",
        at={"function": "|x|", "eta": 0.0218},
    )
    def nearest(function, eta, start):
        x = trajectories.run(ONE_D["|x|"], np.array([start]), eta, steps).iterates[-2:, 0]
        return (function, start) == ("|x|", 1.73) and np.abs(x).mean() < 0.011

    return live(
        figure,
        update,
        # not x² or |x|: the vote above asks for these
        function=choice("f", "Huber, δ = ½", list(ONE_D), meaning="function"),
        eta=log_slider("η", 0.1, 1e-3, 3, meaning="learning rate"),
        start=slider("x₀", 1.73, -2.0, 2.0, 0.01, meaning="start"),
        goals=[both_sides, nearest],
        marks={
            **{f"{name}, η = 0.1": {"function": name, "eta": 0.1} for name in ("x²", "|x|")},
            "x², η = 1": {"function": "x²", "eta": 1.0},
            "Huber, η = 2": {"function": "Huber, δ = ½", "eta": 2.0},
            "Huber, η = 2.5": {"function": "Huber, δ = ½", "eta": 2.5},
        },
        play=[path, distance],
        readings={"|xₖ|": distance},
        sound=heard,
        caption="Left: the iterates on the graph. Right: how far they are from 0. Compare the steps near 0 on x² with "
        "those on |x|.",
        alt="Two panels. Left: the graph of the chosen function with the iterates on it. Right: the distance to "
        "the minimiser against the step, on a logarithmic scale, with the predicted line dashed.",
    )


def subdifferential(functions):
    """The subdifferential at a point as an interval, with autograd's choice on it: a function and a zoom.

    functions: {name: (f, x, derivative)}: f of a NumPy array, the point, and the derivative autograd returned there.
    """
    unit, names = np.linspace(-1, 1, 401), list(functions)
    figure, (graph, slopes) = figures.new(2, size=(11, 4))
    graph.set(xlim=(-1, 1), ylim=(-1.3, 1.3), xlabel="(x − kink) / zoom", ylabel="(f(x) − f(kink)) / zoom")
    (curve,), (tangent,) = graph.plot([], [], color=BLUE), graph.plot([], [], **NGDM)
    slopes.set(xlim=(-1, 1), ylim=(-1.3, 1.3), xlabel="(x − kink) / zoom", ylabel="slope")
    left, right = slopes.plot([], [], [], [], color=BLUE)
    (interval,) = slopes.plot([], [], color=BLUE, linewidth=8, alpha=0.3, solid_capstyle="butt")
    (dot,) = slopes.plot([], [], "o", color=NGDM["color"], markersize=10)

    def update(function, zoom):
        f, kink, derivative = functions[function]
        values = (f(kink + zoom * unit) - f(np.array([kink]))) / zoom
        rates = np.diff(values) / np.diff(unit)
        middles, half = (unit[1:] + unit[:-1]) / 2, unit.size // 2
        curve.set_data(unit, values)
        # autograd may return ±inf, as for √x at 0: nothing is drawn for it
        slope = derivative if np.isfinite(derivative) else np.nan
        tangent.set_data(unit, slope * unit)
        left.set_data(middles[:half], rates[:half])
        right.set_data(middles[half:], rates[half:])
        interval.set_data([0, 0], [rates[half - 1], rates[half]])
        dot.set_data([0], [slope])
        graph.title.set_text(f"{function} at {kink:g}, ±{zoom:.2g}")
        ends = ("none" if np.isnan(rate) else f"{rate:.3g}" for rate in rates[half - 1 : half + 1])
        off = " (off the frame)" if np.nanmax(np.abs(rates[half - 1 : half + 1])) > 1.3 else ""
        slopes.title.set_text(f"slopes {' … '.join(ends)}{off}, autograd says {derivative:.3g}")
        return curve, tangent, graph.title, left, right, interval, dot, slopes.title

    return live(
        figure,
        update,
        function=choice("f", names[0], names, meaning="function"),
        zoom=log_slider("zoom ±", 1.0, 1e-4, 1, meaning="half-width of the view"),
        marks={name: {"function": name, "zoom": 1.0} for name in names[:4]},
        caption="Left: the graph, magnified, and the line of autograd's slope. Right: the slopes on both sides, "
        "the interval between them, and autograd's slope as a dot.",
        alt="Two panels. Left: the graph near the kink, magnified, with the line of autograd's slope. Right: the "
        "slopes left and right of the kink, the interval between them as a bar, and autograd's choice as a dot.",
    )


def _across(row, count=1000):
    """Short segments in the plane whose middles lie on the kink row·β = 0, and which cross it at right angles."""
    rng, unit = np.random.default_rng(0), row / np.linalg.norm(row)
    middles = rng.uniform(-1, 1, (count, 1)) * np.array([-unit[1], unit[0]])
    halves = np.geomspace(1e-3, 0.3, count)[:, None] * unit
    return np.stack([middles - halves, middles + halves])


def relu_loss():
    """(3) in two dimensions: sliders λ₁, λ₂, the kink strength |y| and the start, choices of X and of a sign of y."""
    rng = np.random.default_rng(4)
    directions = {"U[−1, 1]": rng.uniform(-1, 1, (8, 2)), "U[0, 1]": rng.uniform(0, 1, (8, 2))}
    weights = rng.uniform(0.5, 1, 8)
    # segments for the midpoint test: anywhere, and across the kink of sample 0, which "one yᵢ > 0" gives a ridge
    anywhere = rng.uniform(-1, 1, (2, 4000, 2))
    segments = {name: np.concatenate([anywhere, _across(rows[0])], axis=1) for name, rows in directions.items()}
    side, t, angle = np.linspace(-1, 1, 121), np.linspace(0, 1, 101)[:, None], np.linspace(0, 2 * np.pi, 3600)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    # in steps of 0.1°: no cone of minimisers of these data is as narrow
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)

    figure, (plane, chord) = figures.new(2, size=(11, 4.4))
    plane.set(xlabel="first coordinate of β", ylabel="second coordinate of β", aspect="equal")
    plane.grid(False)
    image = plane.imshow([[0]], figures.bands(14), extent=(-1, 1, -1, 1), origin="lower", clim=(0, 1))
    image.set_interpolation("bilinear")
    (path,), (segment,) = plane.plot([], [], **NGDM, marker="."), plane.plot([], [], color="k", marker="o", linewidth=1)
    chord.set(xlim=(0, 1), ylim=(-0.05, 1.1), xlabel="along the black segment", ylabel="f, scaled to [0, 1]")
    (section,), (secant,) = chord.plot([], [], color=BLUE), chord.plot([], [], color="k", linewidth=1)

    def update(lam1, lam2, strength, signs, X, b1, b2):
        y = -strength * weights
        if signs == "one yᵢ > 0":
            y[0] = 2 * strength
        loss = NeuronRegression(directions[X], y, lam1=lam1, lam2=lam2)
        field = loss.value(grid)
        # f grows like a square: its root makes the bands about equally wide
        image.set_data(np.sqrt((field - field.min()) / max(np.ptp(field), 1e-12)))
        ends = segments[X]
        gap = loss.value(ends.mean(axis=0)) - loss.value(ends).mean(axis=0)
        a, b = worst = ends[:, np.argmax(gap)]
        along = loss.value(a + t * (b - a))
        low, high = along.min(), max(along.max(), along.min() + 1e-12)
        run = trajectories.run(loss, np.array([b1, b2]), 0.2 / loss.curvature, 300)
        path.set_data(*run.iterates.T)
        segment.set_data(*worst.T)
        section.set_data(t[:, 0], (along - low) / (high - low))
        secant.set_data([0, 1], (along[[0, -1]] - low) / (high - low))
        unique = lam1 + lam2 > 0 or (circle @ directions[X].T).max(axis=1).min() > 0  # no β ≠ 0 with Xβ ≤ 0
        convex = "minimiser 0, " + ("the only one" if unique else "one of a whole cone")
        other = signs == "one yᵢ > 0" and strength > 0
        plane.title.set_text("not convex: 0 need not be the minimiser" if other else convex)
        chord.title.set_text(f"f(middle) − mean of the ends ≤ {gap.max():.2g} on 5000 segments")
        return image, path, segment, plane.title, section, secant, chord.title

    return live(
        figure,
        update,
        lam1=slider("λ₁", 0.2, 0.0, 2.0, meaning="ℓ1 penalty"),
        lam2=slider("λ₂", 0.0, 0.0, 2.0, meaning="ridge penalty"),
        strength=slider("|y|", 1.0, 0.0, 3.0, meaning="kink strength"),
        signs=choice("y", "all yᵢ ≤ 0", ["all yᵢ ≤ 0", "one yᵢ > 0"], meaning="signs of the response"),
        X=choice("X", "U[−1, 1]", list(directions), meaning="how the data were drawn"),
        b1=slider("β₀ first", 0.9, -1.0, 1.0, meaning="first coordinate of the start"),
        b2=slider("β₀ second", -0.7, -1.0, 1.0, meaning="second coordinate of the start"),
        drag={plane: ("b1", "b2")},
        marks={
            "the paper's signs": {"lam1": 0.2, "lam2": 0.0, "strength": 1.0, "signs": "all yᵢ ≤ 0"},
            "one yᵢ > 0": {"lam1": 0.0, "lam2": 0.0, "strength": 2.0, "signs": "one yᵢ > 0"},
            "y = 0: smooth": {"lam1": 0.0, "lam2": 0.2, "strength": 0.0, "signs": "all yᵢ ≤ 0"},
            "flat cone": {"lam1": 0.0, "lam2": 0.0, "strength": 1.0, "signs": "all yᵢ ≤ 0", "X": "U[0, 1]"},
        },
        caption="Left: bands of equal loss, and the path of NGDM. Right: the loss along the black segment, the one of "
        "5000 on which it rises highest above its chord.",
        alt="Two panels. Left: bands of equal loss in the plane, the path of NGDM and one segment. Right: the "
        "loss along that segment with its chord; where the loss is above the chord, it is not convex.",
    )


def subgradient_method():
    """f_k, the best value so far and its bound on a sharp problem: slider η; marks at the best η for a budget T."""
    steps, (objective, solution) = 2000, problems.sharp_problem()
    R, G, k = float(np.linalg.norm(solution)), objective.lipschitz, np.arange(1.0, steps + 1)
    figure, ax = figures.new(size=(9, 3.9))
    ax.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(5e-5, 1e5), xlabel="values seen, k", ylabel="f − f*")
    (value,) = ax.plot([], [], **{**NGDM, "linewidth": 0.8, "alpha": 0.7}, label="the k-th value, fₖ₋₁")
    (best,) = ax.plot([], [], color=BLUE, label="best so far")
    (bound,) = ax.plot([], [], **THEORY, label="R²/(2ηk) + ηG²/2")
    stall = ax.axhline(1, **THRESHOLD, label="its limit, ηG²/2")
    figures.legend(ax, loc="upper right")

    def update(eta):
        run = trajectories.run(objective, np.zeros(solution.size), eta, steps)
        value.set_data(k, run.values[:-1])
        best.set_data(k, np.minimum.accumulate(run.values[:-1]))
        bound.set_data(k, theory.best_value_bound(R, G, eta, k))
        stall.set_ydata([eta * G**2 / 2] * 2)
        up = np.flatnonzero(np.diff(run.values) > 0)
        first = f", first in step {up[0] + 1}" if up.size else ""
        ax.title.set_text(f"η = {eta:.3g}: f rises in {up.size} of {steps} steps{first}; best {run.values.min():.2g}")
        return value, best, bound, stall, ax.title

    @goal("(i) Find the largest η at which f does not rise in the first ten steps.", at={"eta": 0.398})
    def falls_ten_times(eta):
        # the second: one place of the slider further
        runs = [trajectories.run(objective, np.zeros(solution.size), rate, 10).values for rate in (eta, 1.0472 * eta)]
        here, above = (bool((np.diff(values) <= 0).all()) for values in runs)
        return here and not above

    @goal("(ii) Find the η with the lowest best value.", at={"eta": 0.00219})
    def lowest(eta):  # no place of the slider has less than 0.00068
        return trajectories.run(objective, np.zeros(solution.size), eta, steps).values.min() < 0.0007

    return live(
        figure,
        update,
        eta=log_slider("η", 0.05, 1e-4, 1, meaning="learning rate"),
        goals=[falls_ten_times, lowest],
        marks={f"best η for T = {T}": {"eta": theory.best_constant_lr(R, G, T)} for T in (20, 200, 2000)},
        caption="The values, the best so far, and what is guaranteed. Watch both ends of the dashed line as η changes.",
        alt="The loss against the step on logarithmic scales: the values jump up and down, the best value so "
        "far falls to a plateau, and both the dashed bound and its dotted limit lie above the best value.",
    )


def _with_noise(noises):
    """The sharp problem with noise of each size: [(objective, minimiser)], all as one batch, their lowest values."""
    drawn = [problems.sharp_problem(noise) for noise in noises.tolist()]
    batch = LeastAbsolute(drawn[0][0].X, np.stack([objective.y for objective, _ in drawn]))
    return drawn, batch, [float(objective.value(minimiser)) for objective, minimiser in drawn]


STEP_LR, ROOT = "StepLR: 0.3, ÷10 every 100", "0.3/√(k + 1)"
RULES = {  # what noisy_steps compares: the schedule, its style, and the steps after which it moves nothing any more
    ROOT: (trajectories.diminishing(0.3), {"color": BLUE, "linestyle": "-"}, 10_000),
    STEP_LR: (trajectories.step_decay(0.3, 100), {"color": GREEN, "linestyle": "-."}, 1500),
    "0.3·0.98ᵏ": (trajectories.exponential_decay(0.3, 0.98), NGDM, 1500),
    "0.3·0.998ᵏ": (trajectories.exponential_decay(0.3, 0.998), {"color": PURPLE, "linestyle": "--"}, 10_000),
}


def noisy_steps():
    """Four schedules on one problem, whose data fit exactly or not: slider σ, the size of the noise."""
    noises = np.arange(11) / 10
    _, objective, lowest = _with_noise(noises)
    k = np.unique(np.geomspace(1, 10_000, 240).astype(int))  # enough places for a curve that only falls
    best = {}
    for name, (schedule, _, until) in RULES.items():
        values = trajectories.run(objective, np.zeros(10), schedule, until).values
        best[name] = np.minimum.accumulate(values)[np.minimum(k, until)] - lowest
    figure, ax = figures.new(size=(9, 3.9))
    ax.set(xscale="log", yscale="log", xlim=(1, 10_000), ylim=(1e-13, 10), xlabel="step k", ylabel="best f − f* so far")
    curves = [ax.plot([], [], **style, label=name)[0] for name, (_, style, _) in RULES.items()]
    figures.legend(ax, loc="lower left")

    def ends(noise):
        return {name: float(values[-1, round(10 * noise)]) for name, values in best.items()}

    def update(noise):
        for curve, values in zip(curves, best.values(), strict=True):
            # 1e-17: rounding may take f below f*
            curve.set_data(k, np.maximum(values[:, round(10 * noise)], 1e-17))
        reached = ends(noise)
        ax.title.set_text(f"σ = {noise:g}: StepLR ends at {reached[STEP_LR]:.1e}, {ROOT} at {reached[ROOT]:.1e}")
        return *curves, ax.title

    def overtaken(noise):
        return ends(noise)[ROOT] < ends(noise)[STEP_LR]

    @goal("(i) Make StepLR reach rounding level, 10⁻¹².", at={"noise": 0})
    def at_rounding(noise):
        return ends(noise)[STEP_LR] < 1e-12

    @goal("(ii) Find the least noise at which 0.3/√(k + 1) ends closer than StepLR.", at={"noise": 0.2})
    def just_overtaken(noise):
        return overtaken(noise) and not any(map(overtaken, noises[noises < noise - 0.05]))

    return live(
        figure,
        update,
        noise=slider("σ", 0.5, 0.0, 1.0, 0.1, meaning="noise in the data; at 0 they fit exactly"),
        goals=[at_rounding, just_overtaken],
        marks={f"σ = {noise:g}": {"noise": noise} for noise in (0.1, 1.0)},
        caption="Four schedules on the mean |Xβ − y| with y = Xβ* + noise of size σ. Which of them stop coming closer?",
        alt="How close each of four schedules has come to the lowest loss, against the step, on logarithmic scales.",
    )


def step_sizes():
    """Constant, diminishing, reducing and geometric steps on two problems, one of them with noise: two ways to fail."""
    steps, smooth, noises = 1500, Quadratic(np.array([[1.0]])), np.arange(11) / 10
    drawn, noisy, lowest = _with_noise(noises)
    sharp, solution = drawn[0]
    # what 0.3/√(k + 1) gets to in 10 000 steps, too many for a move, at every place of the noise
    long_run = trajectories.run(noisy, np.zeros(solution.size), trajectories.diminishing(0.3), 10_000)
    patient = long_run.values.min(axis=0) - lowest
    figure, (loss, travel) = figures.new(2, size=(11, 4))
    loss.set(xlim=(0, steps), yscale="log", ylim=(1e-16, 10), xlabel="step k", ylabel="best f − f* so far")
    (best,), later = loss.plot([], [], **NGDM), loss.axhline(1, color=GREEN, linestyle="-.")
    note(loss, 0.97, 0.97, "green: 0.3/√(k + 1) after 10 000 steps", ha="right", va="top")
    travel.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-3, 3e3), xlabel="step k", ylabel="η₀ + … + ηₖ₋₁")
    (total,), (needed,) = travel.plot([], [], **NGDM), travel.plot([1, steps], [1, 1], **THRESHOLD)

    rules = {
        "constant": lambda lr, q, every: trajectories.constant(lr),
        "diminishing": lambda lr, q, every: trajectories.diminishing(lr),
        "reducing (StepLR)": lambda lr, q, every: trajectories.step_decay(lr, every, q),
        "geometric": lambda lr, q, every: trajectories.exponential_decay(lr, q),
    }

    def best_on_sharp(schedule, noise=0.0):
        place = round(10 * noise)
        return trajectories.run(drawn[place][0], np.zeros(solution.size), schedule, steps).values.min() - lowest[place]

    @functools.lru_cache(maxsize=1024)  # asked for every place where the reader has been
    def beaten(q, every):
        """Whether StepLR from 0.3 travels too little, where 0.3/√(k + 1) beats it; None where it does not."""
        schedule = trajectories.step_decay(0.3, every, q)
        if best_on_sharp(schedule) <= best_on_sharp(trajectories.diminishing(0.3)):
            return None
        return sum(map(schedule, range(steps))) < 30

    @goal(
        "(i) On the sharp problem, with η₀ = 0.3, find the smallest q for which the geometric steps still arrive.",
        at={"q": 0.924},
    )
    def smallest_q(problem, noise, rule, lr, q):
        if (problem, noise, rule, lr) != ("sharp", 0, "geometric", 0.3):
            return False
        ends = [best_on_sharp(trajectories.exponential_decay(lr, factor)) for factor in (q, q - 0.001)]
        return ends[0] < 1e-3 < ends[1]

    @goal(
        "(ii) On it, with η₀ = 0.3, make StepLR *fail* to beat 0.3/√(k + 1), in two ways.",
        at=[{"rule": "reducing (StepLR)", "q": 0.1, "every": 10}, {"q": 0.98, "every": 300}],
    )
    def fails_both_ways(problem, noise, rule, lr, q, every, seen):
        here = {"problem": problem, "noise": noise, "rule": rule, "lr": lr, "q": q, "every": every}
        wanted = {"problem": "sharp", "noise": 0, "rule": "reducing (StepLR)", "lr": 0.3}
        ways = {beaten(state["q"], state["every"]) for state in (*seen, here) if state.items() >= wanted.items()}
        return ways >= {True, False}

    @goal(
        "(iii) With σ = 0.5 and η₀ = 0.3, find geometric steps that end below the green line.",
        at={"noise": 0.5, "q": 0.99},
    )
    def slow_enough(problem, noise, rule, lr, q):
        if (problem, noise, rule, lr) != ("sharp", 0.5, "geometric", 0.3):
            return False
        return best_on_sharp(trajectories.exponential_decay(lr, q), noise) < patient[5]

    def update(problem, noise, rule, lr, q, every):
        schedule, place = rules[rule](lr, q, every), round(10 * noise)
        (objective, minimiser), least, start = drawn[place], lowest[place], np.zeros(solution.size)
        if problem != "sharp":
            objective, minimiser, least, start = smooth, np.zeros(1), 0.0, np.ones(1)
        run = trajectories.run(objective, start, schedule, steps)
        travelled = np.cumsum([*map(schedule, range(steps))])
        # 1e-17 is just below the frame: a best value of exactly 0 leaves it downwards
        gaps = np.minimum.accumulate(run.values) - least
        best.set_data(run.steps, np.maximum(gaps, 1e-17))
        later.set_ydata([patient[place] if problem == "sharp" else np.nan] * 2)
        total.set_data(run.steps[1:], travelled)
        reach = np.linalg.norm(minimiser) / sharp.lipschitz if problem == "sharp" else 1.0
        needed.set_ydata([reach, reach])
        words = f", σ = {noise:g}" if problem == "sharp" and noise else ""
        loss.title.set_text(f"{rule} on {problem}{words}: best {max(gaps[-1], 0):.1e}")
        dotted = f"R/G = {reach:.3g}, the least needed" if problem == "sharp" else "1, where |x| falls e-fold"
        travel.title.set_text(f"total {travelled[-1]:.3g}; dotted: {dotted}")
        return best, later, loss.title, total, needed, travel.title

    at = {"problem": "sharp", "lr": 0.3, "noise": 0.0}
    return live(
        figure,
        update,
        problem=choice("problem", "sharp", ["sharp", "½x²"], meaning="mean |Xβ − y| with Xβ* = y, or ½x²"),
        noise=slider("σ", 0.0, 0.0, 1.0, 0.1, meaning="noise in y of the sharp problem; 0: the data fit exactly"),
        rule=choice("steps", "geometric", list(rules), meaning="step-size rule"),
        lr=log_slider("η₀", 0.3, 1e-3, 1, meaning="first learning rate"),
        q=slider("q", 0.98, 0.1, 0.999, 0.001, meaning="decay factor"),
        every=slider("every", 300, 10, 500, 10, meaning="steps between two reductions"),
        goals=[smallest_q, fails_both_ways, slow_enough],
        marks={
            "constant 0.01": {**at, "rule": "constant", "lr": 0.01},
            "0.3/√(k+1)": {**at, "rule": "diminishing"},
            "StepLR, ÷10 every 100": {**at, "rule": "reducing (StepLR)", "q": 0.1, "every": 100},
            **{f"0.3 · {q}ᵏ": {**at, "rule": "geometric", "q": q} for q in (0.98, 0.8)},
            "0.3 · 0.98ᵏ, σ = ½": {**at, "rule": "geometric", "q": 0.98, "noise": 0.5},
            "½x², 0.3 · 0.8ᵏ": {"problem": "½x²", "rule": "geometric", "lr": 0.3, "q": 0.8},
        },
        caption="Left: how close the run has come. Right: the sum of its learning rates so far; dotted, what is "
        "needed.",
        alt="Two panels. Left: the best loss so far against the step, with a green line where 0.3/√(k + 1) is after "
        "10 000 steps. Right: the sum of the learning rates over "
        "the step, with a dotted line at the distance that has to be covered.",
    )
