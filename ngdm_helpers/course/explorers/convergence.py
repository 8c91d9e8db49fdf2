"""The sliders of notebook 2."""

import functools
import itertools
import math

import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import MaxNorm, NeuronRegression, SmoothMaxNorm
from ngdm_helpers.course import problems
from ngdm_helpers.figures import BLUE, GREEN, NGDM, PURPLE, SMOOTH, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, select_slider, slider
from ngdm_helpers.objectives import L1Norm, Quadratic, ReLURegression

__all__ = ["capture", "figure_one", "knots", "rates", "smoothness_at_kink", "zigzag"]

LECTURE_RHO = 2 / math.sqrt(5)  # the correlation of [[1, 2], [2, 5]]


def plane_problem(rho, kink=0.0):
    """½βᵀAβ + kink·(|x₁ᵀβ| + |x₂ᵀβ|) + const. as an instance of (3): (objective, A, x₁ and x₂ as rows).

    A = [[1, ρ√5], [ρ√5, 5]]; ½βᵀAβ = (x₁ᵀβ)² + (x₂ᵀβ)². The data are ±x₁ and ±x₂, all with y = −kink/2: on each line
    xᵢᵀβ = 0 two ReLUs meet, which for y = 0 add up to the smooth square.
    """
    A = np.array([[1.0, rho * math.sqrt(5)], [rho * math.sqrt(5), 5.0]])
    values, vectors = np.linalg.eigh(A / 2)
    rows = (vectors * np.sqrt(values)) @ vectors.T  # the symmetric root of A/2
    return ReLURegression(np.concatenate([rows, -rows]), np.full(4, -kink / 2)), A, rows


def sublevel_radius(directions, A, rows, kink, level):
    """How far {½βᵀAβ + kink·(|x₁ᵀβ| + |x₂ᵀβ|) < level} reaches along unit ``directions`` (m, 2): (m,).

    The positive root r of ½qr² + κr = level, with q = dᵀAd and κ = kink·Σ|xᵢᵀd|.
    """
    q = np.einsum("mi,ij,mj->m", directions, A, directions)
    k = kink * np.abs(directions @ rows.T).sum(axis=-1)
    return 2 * level / (k + np.sqrt(k**2 + 2 * q * level))


def capture():
    """Cube, ball and sublevel set in the plane: sliders ρ, η, the start and the strength of the kinks."""
    steps, angle, side = 150, np.linspace(0, 2 * np.pi, 721), np.linspace(-1, 1, 401)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    # f − f(0) is even, so half the boundary has its minimum
    cube = np.concatenate([np.stack([side, np.ones(401)], -1), np.stack([np.ones(401), side], -1)])
    figure, (plane, norms) = figures.new(2, size=(11, 4.6), width_ratios=(1, 1.25))
    plane.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), xlabel="β₁", ylabel="β₂", aspect="equal")
    plane.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color="0.35", linewidth=1.5)
    plane.plot(*circle.T, color="0.6", linewidth=1)
    (inside,), (through,) = plane.fill(0, 0, facecolor=BLUE, alpha=0.25), plane.plot([], [], color=BLUE, linewidth=1)
    (path,) = plane.plot([], [], marker=".", markersize=4, **NGDM, linewidth=0.8)
    norms.set(xscale="log", xlim=(1, steps + 1), ylim=(0, 1.6), xlabel="step k + 1")
    (maximum,), (euclid,) = norms.plot([], [], **NGDM), norms.plot([], [], color=BLUE)
    (loss,) = norms.plot([], [], color=GREEN, linestyle=(0, (5, 1)))
    norms.axhline(1, **THRESHOLD)
    figures.legend(norms, [maximum, euclid, loss], ["‖βₖ‖_∞", "‖βₖ‖₂ / ‖β₀‖₂", "fₖ / f₀"], loc="upper right")

    def update(rho, eta, start, kink):
        objective, A, rows = plane_problem(rho, kink)
        run = trajectories.run(objective, start * np.array([-1.0, 1.0]), eta, steps)
        floor = objective.value([0.0, 0.0])
        values = run.values - floor
        level = float((objective.value(cube) - floor).min())
        inside.set_xy(circle * sublevel_radius(circle, A, rows, kink, level)[:, None])
        through.set_data(*(circle * sublevel_radius(circle, A, rows, kink, values[0])[:, None]).T)
        path.set(data=run.iterates.T, color=(NGDM if kink else SMOOTH)["color"])
        size, length = (np.linalg.norm(run.iterates, ord=order, axis=-1) for order in (np.inf, 2))
        for line, course in ((maximum, size), (euclid, length / length[0]), (loss, values / values[0])):
            line.set_data(run.steps + 1, course)
        dominant = "diagonally dominant" if theory.diagonally_dominant(A) else "not diagonally dominant"
        plane.title.set_text(f"A is {dominant}; 2/L = {2 / Quadratic(A).smoothness:.3g}")
        # less than 1e-12 of the start is rounding
        rise = np.flatnonzero(np.diff(values) > 1e-12 * values[0])
        word = "falls at every step" if rise.size == 0 else f"first rises at step {rise[0] + 1}"
        norms.title.set_text(f"the loss {word}; max ‖β‖_∞ = {size.max():.4g}")
        return inside, through, path, plane.title, maximum, euclid, loss, norms.title

    @goal(
        "(i) Put t to 1 and find the ρ above which the path leaves the cube.",
        at=[{"start": 1.0, "rho": 0.44}, {"start": 1.0, "rho": 0.45}],
    )
    def both_sides(rho, start, seen):
        edge = 1 / math.sqrt(5)  # where diagonal dominance ends, and a mark jumps to
        sides = {np.sign(at - edge) for at, t in ((rho, start), *((s["rho"], s["start"]) for s in seen))
                 if t == 1 and 1e-6 < abs(at - edge) < 0.0125}  # fmt: skip
        return len(sides) == 2

    lecture = {"rho": LECTURE_RHO, "eta": problems.LECTURE_LR, "start": 0.99, "kink": 0.0}
    return live(
        figure,
        update,
        rho=slider("ρ", LECTURE_RHO, 0.0, 0.97, meaning="correlation"),
        eta=log_slider("η", problems.LECTURE_LR, 0.01, 0.5, meaning="learning rate"),
        start=slider("t", 0.3, 0.05, 1.0, meaning="start at (−t, t)"),
        kink=slider("kinks", 0.0, 0.0, 1.0, meaning="strength of the ReLU kinks"),
        goals=[both_sides],
        marks={
            "A = [[1, 2], [2, 5]]": lecture,
            "ρ = 1/√5: just dominant": {**lecture, "rho": 1 / math.sqrt(5), "start": 1.0},
            "start inside S": {**lecture, "start": 0.3},
            "with kinks": {**lecture, "kink": 0.3},
            "η = 1.9/L": {**lecture, "eta": 1.9 / (3 + 2 * math.sqrt(2))},
            "η = 1.9/L, kinks": {**lecture, "kink": 0.3, "eta": 1.9 / (3 + 2 * math.sqrt(2))},
        },
        play=[path, maximum, euclid, loss],
        readings={"‖β‖_∞": maximum},
        drag={plane: (lambda start, **_: -start, "start")},
        caption="Left: the path, the level line of its start, and S, the largest sublevel set inside the cube "
        "(shaded). Right: which of the three curves ever rises?",
        alt="Two panels. Left: the square and the unit circle, a shaded ellipse that touches the square from inside, "
        "the larger level line through the start, and the path along it. Right: the two norms and the loss against "
        "the step.",
    )


SETTINGS = {  # name: (n, p, low, λ₁, λ₂)
    "Figure 1: n = 50, p = 100, X ≥ 0": (50, 100, 0.0, problems.FIGURE_1["lam1"], problems.FIGURE_1["lam2"]),
    "centred X: n = 50, p = 100": (50, 100, -1.0, 0.0, 1.0),
    "few columns: n = 20, p = 5, X ≥ 0": (20, 5, 0.0, 0.0, 1e-3),
}


def figure_one():
    """Figure 1 next to its smooth twin, y = 0 and λ₁ = 0: sliders c = ηL, |y| and the seed, a choice of data."""
    steps, names = 700, list(SETTINGS)
    figure, axes = figures.new(3, size=(12.5, 4))
    frames = {"fₖ / f₀": (0, 1.6), "‖βₖ‖_∞": (0.6, 1.7), "‖βₖ‖₂ / ‖β₀‖₂": (0.6, 1.7)}
    for ax, (name, ylim) in zip(axes, frames.items(), strict=True):
        ax.set(xscale="log", xlim=(1, steps + 1), ylim=ylim, xlabel="step k + 1", ylabel=name)
        ax.axhline(1, **THRESHOLD)
    curves = [(ax.plot([], [], **NGDM)[0], ax.plot([], [], **SMOOTH)[0]) for ax in axes]
    figures.legend(axes[1], curves[1], ["with kinks", "smooth twin"], loc="lower left")

    # c and |y| leave the data as they are
    @functools.lru_cache(maxsize=8)
    def draw(setting, seed):
        return [array[0] for array in problems.random_problems(*SETTINGS[setting][:3], [seed])]

    @functools.lru_cache(maxsize=1)  # asked by the picture, then by each goal
    def ran(setting, c, strength, seed):
        """The run of the pair, with kinks and without, and its two norms."""
        (X, y, start), (lam1, lam2) = draw(setting, seed), SETTINGS[setting][3:]
        pair = ReLURegression(X, np.array([[strength], [0.0]]) * y, np.array([lam1, 0.0]), lam2)
        run = trajectories.run(pair, start, c / pair.curvature, steps)
        return run, *(np.linalg.norm(run.iterates, ord=order, axis=-1) for order in (np.inf, 2))

    def leave(setting, c, strength, seed):
        """Whether the run with kinks and its twin leave the cube; None elsewhere than at the start's c and |y|."""
        here = (setting, c, strength) == (first["setting"], first["c"], first["strength"])
        return (ran(setting, c, strength, seed)[1].max(axis=0) > 1).tolist() if here else None

    @goal(
        "(iii) Click “kinks matter” and lower c until the 2-norm just stays below its start.",
        at={"setting": names[2], "seed": 3, "c": 1.54},
    )
    def stays_short(setting, c, strength, seed):
        length = ran(setting, c, strength, seed)[2][:, 0]
        return (setting, strength, seed) == (names[2], 1, 3) and c > 1.5 and length.max() <= length[0]

    def update(setting, c, strength, seed):
        run, sizes, lengths = ran(setting, c, strength, seed)
        shown = (run.values / run.values[0], sizes, lengths / lengths[0])
        for lines, ax, courses in zip(curves, axes, shown, strict=True):
            ax.title.set_text("max {:.4g}, twin {:.4g}".format(*courses.max(axis=0)))
            for line, course in zip(lines, courses.T, strict=True):
                line.set_data(run.steps + 1, course)
        fates = np.where(problems.is_monotone(run), "falls", "rises")
        axes[0].title.set_text("kinks: loss {}; twin: {}".format(*fates))
        return *(line for lines in curves for line in lines), *(ax.title for ax in axes)

    X, _, _ = draw(names[0], problems.FIGURE_1["seed"])
    c = problems.FIGURE_1["lr"] * (2 * np.linalg.norm(X, ord=2) ** 2 + 2 * problems.FIGURE_1["lam2"])
    first = {"setting": names[0], "c": float(c), "strength": 1.0, "seed": problems.FIGURE_1["seed"]}

    @goal(
        "(i) On Figure 1's data, at its c and |y|, find a seed for which neither run leaves the cube.",
        at={"setting": names[0], "seed": 10},
    )
    def neither_leaves(setting, c, strength, seed):
        return leave(setting, c, strength, seed) == [False, False]

    @goal("(ii) Find one for which only the run with kinks leaves it.", at={"setting": names[0], "seed": 59})
    def kinks_alone_leave(setting, c, strength, seed):
        return leave(setting, c, strength, seed) == [True, False]

    return live(
        figure,
        update,
        # it does not open on Figure 1, which answers the vote above it
        setting=choice("data", names[2], names, meaning="how X was drawn"),
        c=log_slider("c = ηL", first["c"], 0.02, 2.5, meaning="learning rate over 1/L"),
        strength=slider("|y|", 1.0, 0.0, 5.0, 0.05, meaning="kink strength: y is multiplied by it"),
        seed=slider("seed", 2, 0, 99, 1, meaning="seed of the data"),
        goals=[neither_leaves, kinks_alone_leave, stays_short],
        marks={
            "Figure 1": first,
            "y = 0": {**first, "strength": 0.0},
            "smaller steps": {**first, "c": 0.02},
            "centred X": {**first, "setting": names[1], "c": 0.05, "seed": 0},
            "kinks matter": {**first, "setting": names[2], "c": 1.9, "seed": 3},
            "and more with |y| = 5": {**first, "setting": names[2], "c": 1.9, "strength": 5.0, "seed": 3},
        },
        caption="The loss, the ∞-norm and the 2-norm of the run with kinks and of its smooth twin. Which curves pass "
        "the dotted lines at 1, and do the two part?",
        alt="Three panels against the step, two curves each, with kinks and for the smooth twin: the loss relative to "
        "its start, the ∞-norm with a dotted line at 1, and the 2-norm relative to its start.",
    )


KINKS = {  # name: (kinked, rounded on the scale δ, smooth twin); the slope jumps by 2
    "(3), y = −1": (
        ReLURegression([[1.0]], [-1.0]),
        lambda delta: NeuronRegression([[1.0]], [-1.0], width=delta),
        ReLURegression([[1.0]], [0.0]),
    ),
    "|β|": (L1Norm(1.0), SmoothMaxNorm, Quadratic([[1.0]])),
}


def smoothness_at_kink():
    """Secant slope of the gradient across a kink: sliders for the distance and the scale δ on which it is rounded."""
    distances, unit = np.geomspace(1e-6, 1, 121), np.linspace(-1, 1, 401)
    figure, (near, far) = figures.new(2, size=(11, 4.2))
    near.set(xlim=(-1, 1), ylim=(-1.6, 5), xlabel="2β / distance", ylabel="f′")
    far.set(xlim=(1e-6, 1), ylim=(0.3, 1e7), xlabel="distance d", ylabel="|f′(d/2) − f′(−d/2)| / d")
    looks = {"kink": NGDM, "rounded on the scale δ": {"color": PURPLE}, "smooth twin": SMOOTH}
    zoomed = [near.plot([], [], **look)[0] for look in looks.values()]
    slopes = [far.loglog([], [], **look, label=name)[0] for name, look in looks.items()]
    (cap,) = far.plot([1e-6, 1], [1, 1], **THEORY, label="bound on L, rounded kink")
    (dots,), here = far.plot([], [], "o", color="k", markersize=7), far.axvline(1, **THRESHOLD)
    figures.legend(far, loc="upper right")

    def secant(objective, d):
        g = objective.subgradient(np.stack([d, -d])[..., None] / 2)[..., 0]
        return np.abs(g[0] - g[1]) / d

    def update(function, distance, delta):
        kinked, rounded, twin = KINKS[function]
        objectives = (kinked, rounded(delta), twin)
        for line, curve, objective in zip(zoomed, slopes, objectives, strict=True):
            line.set_data(unit, objective.subgradient(distance / 2 * unit[:, None])[:, 0])
            curve.set_data(distances, secant(objective, distances))
        values = [secant(objective, distance) for objective in objectives]
        cap.set_ydata([objectives[1].smoothness] * 2)
        dots.set_data([distance] * 3, values)
        here.set_xdata([distance] * 2)
        near.title.set_text(f"f′ within ±{distance / 2:.2g} of the kink, which jumps by 2")
        far.title.set_text(f"kink {values[0]:.3g}, rounded {values[1]:.3g}, twin {values[2]:.3g}")
        return *zoomed, *slopes, cap, here, dots, near.title, far.title

    return live(
        figure,
        update,
        function=choice("f", "(3), y = −1", list(KINKS), meaning="function"),
        distance=log_slider("distance", 0.1, 1e-6, 1, meaning="distance of the two points"),
        delta=log_slider("δ", 0.01, 1e-6, 1, meaning="scale on which the kink is rounded"),
        marks={
            "from afar": {"distance": 1.0, "delta": 0.01},
            "at δ": {"distance": 0.01, "delta": 0.01},
            "from nearby": {"distance": 1e-4, "delta": 0.01},
            "sharper: δ = 10⁻⁵": {"distance": 1e-4, "delta": 1e-5},
            "hardly a kink: δ = 1": {"distance": 0.1, "delta": 1.0},
        },
        caption="The slope on either side of a kink, and the secant slope against the distance. Where do the kink and "
        "its rounded version part?",
        alt="Two panels. Left: the derivative near the kink for the kinked function, the rounded one and the smooth "
        "twin. Right: secant slopes against distance on logarithmic scales: a falling line for the kink, the same "
        "line up to a plateau for the rounded one, a flat line for the twin.",
    )


DESCENTS = ["NGDM on ‖β‖_∞", "GD on its smoothed version, δ = ε"]
ACCURACIES = (0.2, 0.1, 0.05, 0.025, 0.0125)
# squares, with the worst dimension 1/(4ε²) of ε = 0.1, 0.05 and 0.025: 25, 100 and 400
DIMENSIONS = (1, 2, 4, 6, 9, 16, 25, 36, 49, 64, 81, 100, 144, 196, 256, 324, 400)


@functools.cache  # at most 34 settings, and small arrays
def _max_norm_runs(p, smoothed):
    """‖βₖ‖_∞ from (1, …, 1)/√p with η = ε for each of `ACCURACIES`, ties sharing the slope: (steps + 1, 5)."""
    eps = np.array(ACCURACIES)
    objective = SmoothMaxNorm(eps) if smoothed else MaxNorm("shared")
    # all five at once, for as long as the slowest of them needs by the law
    steps = int(theory.max_norm_steps(p, eps).max()) + 1
    # only the norms are kept: 1600 steps in 400 dimensions would fill 25 MB
    states = trajectories.iterate(objective, np.full(p, p**-0.5), eps, "subgradient")
    return np.array([np.abs(state).max(axis=-1) for state in itertools.islice(states, steps + 1)])


def rates():
    """Steps until ‖β‖_∞ ≤ ε against ε: sliders for the dimension and ε, a choice of method."""
    eps, fine, dimensions = np.array(ACCURACIES), np.geomspace(0.01, 0.25, 200), np.geomspace(1, 2000, 300)
    figure, (count, hill) = figures.new(2, size=(11, 4.4))
    count.set(xscale="log", yscale="log", xlim=(0.25, 0.01), ylim=(1, 2e4), xlabel="accuracy ε", ylabel="steps needed")
    count.set_xticks(ACCURACIES, map(str, ACCURACIES))
    count.minorticks_off()
    count.plot(fine, theory.subgradient_steps_bound(1, 1, fine), **THEORY)
    count.plot(fine, 1 / (4 * fine**2), **THRESHOLD)
    note(count, 0.03, 0.97, "- - -  bound G²R²/ε²\n· · ·   1/(4ε²): the worst dimension", va="top")
    (law,), (measured,) = count.plot([], [], color="0.5", linewidth=1), count.plot([], [], "o", color=NGDM["color"])
    (chosen,) = count.plot([], [], "o", color="k", markersize=10, fillstyle="none")
    hill.set(xscale="log", xlim=(0.8, 2000), ylim=(0, 0.32), xlabel="dimension p", ylabel="steps needed · ε²")
    hill.axhline(0.25, **THRESHOLD)
    (curve,), (top,) = hill.plot([], [], color="0.5", linewidth=1), hill.plot([], [], **THRESHOLD)
    (here,) = hill.plot([], [], "o", color=NGDM["color"], markersize=9)

    def update(method, p, accuracy):
        steps = problems.steps_to(_max_norm_runs(p, method == DESCENTS[1]), eps)
        real = fine < p**-0.5
        law.set_data(fine[real], math.sqrt(p) / fine[real] - p)
        measured.set_data(eps[steps > 0], steps[steps > 0])
        needed = int(steps[ACCURACIES.index(accuracy)])
        chosen.set_data([accuracy], [needed or np.nan])
        curve.set_data(dimensions, np.maximum(np.sqrt(dimensions) * accuracy - dimensions * accuracy**2, 0))
        top.set_data([1 / (4 * accuracy**2)] * 2, [0, 0.25])
        here.set_data([p], [needed * accuracy**2])
        # the last two accuracies that take a step at all: in a fixed dimension the slope comes to −1
        late = [i for i in range(len(eps)) if steps[i] > 0][-2:]
        fitted = f"slope at the end {problems.slope(eps[late], steps[late]):.2f}" if len(late) == 2 else "nothing to do"
        name = "NGDM" if method == DESCENTS[0] else "smoothed"
        count.title.set_text(f"{name}, dimension {p}: {fitted}".replace("-", "−"))
        hill.title.set_text(f"ε = {accuracy:g}: {needed} steps, at worst 1/(4ε²) = {1 / (4 * accuracy**2):.4g}")
        return law, measured, chosen, count.title, curve, top, here, hill.title

    worst = {f"ε = {e}, p = 1/(4ε²)": {"p": p, "accuracy": e} for p, e in ((25, 0.1), (100, 0.05), (400, 0.025))}
    return live(
        figure,
        update,
        method=choice("method", DESCENTS[0], DESCENTS, meaning="what is run"),
        p=select_slider("dimension", 1, DIMENSIONS, meaning="dimension"),
        accuracy=select_slider("ε", 0.05, ACCURACIES, meaning="accuracy"),
        marks={"p = 1": {"p": 1}, **worst, "the same, smoothed": {"method": DESCENTS[1], "p": 400, "accuracy": 0.025}},
        caption="Left: steps needed against ε in one dimension p, between two lines of slope −2. Right: against the "
        "dimension, for one ε.",
        alt="Two panels. Left: steps needed against ε on logarithmic scales, dots on a curve for the chosen dimension "
        "that touches a dotted line of slope −2 from below, and the dashed bound above. Right: steps times ε² "
        "against the dimension, a hill of height one quarter, with a dot at the chosen dimension.",
    )


NOISES, UNITS, STEP_SIZES = (0.0, 0.1, 0.3, 0.6), (1, 2, 3, 5, 8), (0.02, 0.05, 0.1, 0.2, 0.4)
KNOT_STEPS, KNOT_SEED, LAST = 800, 2, 100  # of these the last hundred say whether a knot has locked


@functools.cache
def _knot_runs():
    """`problems.knot_steps` for every setting at once, {(noise, units, η): its place}, and what it went through.

    Hidden weights (T, settings, 2, 8), a (T, settings, 8), c (T, settings); x, and y for each noise. Units that a
    setting does not have are 0, which they stay.
    """
    settings = {at: place for place, at in enumerate(itertools.product(NOISES, UNITS, STEP_SIZES))}
    x, y = problems.noisy_samples([KNOT_SEED] * len(NOISES), np.array(NOISES))
    noise, units, rates = map(np.array, zip(*settings, strict=True))
    start = problems.knot_start([KNOT_SEED] * len(settings), max(UNITS))
    there = np.arange(max(UNITS)) < units[:, None]
    start = start[0] * there[:, None], start[1] * there, start[2]
    of_noise = [NOISES.index(value) for value in noise]
    run = problems.knot_steps(x[of_noise], y[of_noise], start, [rates[:, None]] * KNOT_STEPS)
    return settings, x[0], y, [np.array(part) for part in zip(*([*map(np.copy, at)] for at in run), strict=True)]


def locked_knots(x, knots):
    """Of knots (T, units), those that in the last 100 steps cross one of the samples x (n,) back and forth: (units,).

    One and no other, at least 10 times.
    """
    crossings = np.diff(knots[-LAST:, :, None] > x, axis=0).sum(axis=0)  # (units, n)
    return ((crossings >= 10).sum(axis=1) == 1) & ((crossings > 0).sum(axis=1) == 1)


def knots():
    """The knots of a small ReLU network in training on 20 samples: sliders noise, units, η and the step shown."""
    line, k = np.linspace(-1.1, 1.1, 221), np.arange(KNOT_STEPS + 1)
    figure, (fit, course) = figures.new(2, size=(11, 4.6), width_ratios=(1, 1.25))
    settings, x, responses, (hidden, a, c) = _knot_runs()
    fit.set(xlim=(-1.1, 1.1), ylim=(-2.2, 2.2), xlabel="x", ylabel="y")
    (dots,) = fit.plot(x, 0 * x, "o", color="0.5", markersize=5)
    (curve,), (bends,) = fit.plot([], [], **NGDM), fit.plot([], [], "D", color=BLUE, markersize=7)
    course.set(xlim=(0, KNOT_STEPS), ylim=(-1.1, 1.1), xlabel="step k", ylabel="knots")
    for sample in x:
        course.axhline(sample, color="0.75", linewidth=0.8, zorder=0.5)
    ways = [course.plot([], [], color=BLUE, linewidth=1.2)[0] for _ in range(max(UNITS))]
    now = course.axvline(0, **THRESHOLD)
    figures.legend(fit, [dots, curve, bends], ["samples", "network", "its knots"], loc="upper left")

    def found(noise, units, eta):
        place = settings[noise, units, eta]
        w, b = np.moveaxis(hidden[:, place, :, :units], 1, 0)
        return place, np.where(w == 0, np.nan, -b / np.where(w == 0, 1, w))

    def locked(noise, units, eta):
        return int(locked_knots(x, found(noise, units, eta)[1]).sum())

    def update(noise, units, eta, step):
        place, positions = found(noise, units, eta)
        (w, b), out, height = hidden[step, place], a[step, place], c[step, place]
        y = responses[NOISES.index(noise)]
        dots.set_ydata(y)
        curve.set_data(line, np.maximum(line[:, None] * w + b, 0) @ out + height)
        here = positions[step]
        bends.set_data(here, np.maximum(here[:, None] * w + b, 0) @ out + height)
        for unit, way in enumerate(ways):
            way.set_data(*((k, positions[:, unit]) if unit < units else ([], [])))
        now.set_xdata([step, step])
        error = np.mean((np.maximum(x[:, None] * w + b, 0) @ out + height - y) ** 2)
        fit.title.set_text(f"after {step} steps: mean squared error {error:.3g}")
        course.title.set_text(
            f"at the end {locked_knots(x, positions).sum()} of {units} knots cross one sample to and fro"
        )
        return dots, curve, bends, *ways, now, fit.title, course.title

    first = {"noise": 0.3, "units": 3, "eta": 0.1, "step": KNOT_STEPS}

    @goal("(i) Find a setting in which four knots or more end on a sample.", at={"noise": 0.6, "units": 8, "eta": 0.2})
    def four_locked(noise, units, eta):
        return locked(noise, units, eta) >= 4

    @goal(
        "(ii) Without any noise, have three knots or more, and all of them, end on a sample.",
        at={"units": 3, "eta": 0.2},
    )
    def all_locked(noise, units, eta):
        return noise == 0 and locked(noise, units, eta) == units >= 3

    @goal(
        "(iii) With three units and noise 0.3, find an η for which 800 steps are too few for one of the knots.",
        at={"noise": 0.3, "units": 3, "eta": 0.02},
    )
    def too_few_steps(noise, units, eta):
        return (noise, units) == (0.3, 3) and locked(noise, units, eta) < 3

    return live(
        figure,
        update,
        # it does not open on three units and noise, which the vote above it asks for
        noise=select_slider("noise", 0.0, NOISES, meaning="standard deviation of the noise in y"),
        units=select_slider("units", 2, UNITS, meaning="hidden units, a knot for each"),
        eta=select_slider("η", 0.05, STEP_SIZES, meaning="learning rate"),
        step=slider("k", KNOT_STEPS, 0, KNOT_STEPS, 10, meaning="step at which the network is drawn on the left"),
        goals=[four_locked, all_locked, too_few_steps],
        marks={
            "three units": first,
            "before training": {**first, "step": 0},
            "eight units": {**first, "units": 8},
            "no noise": {**first, "noise": 0.0},
        },
        play=ways,
        caption="Left: the network after k steps. Right: its knots during training; the grey lines are the samples.",
        alt="Two panels. Left: twenty samples of a noisy sine, the piecewise linear network and its knots. Right: the "
        "knots against the step of training, a curve for each, over grey lines at the samples.",
    )


ZIGZAG_EPS = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


def zigzag():
    """NGDM on |β₁| + a second term, in the plane, and the steps it needs against ε: sliders term, ε and the start."""
    eps, level, most = np.array(ZIGZAG_EPS), np.linspace(0, 1.1, 200), 52  # points, before lines fill the strip
    figure, (plane, count) = figures.new(2, size=(11, 4.6), width_ratios=(1, 1.25))
    plane.set(xlim=(-2.2, 2.2), ylim=(0, 1.08), xlabel="β₁ / η", ylabel="β₂")
    (target,) = plane.fill(0, 0, facecolor=BLUE, alpha=0.25)
    (path,) = plane.plot([], [], marker=".", **NGDM, linewidth=1)
    note(plane, 0.02, 0.97, "shaded: f ≤ ε", va="top")
    count.set(xscale="log", yscale="log", xlim=(0.25, 0.0008), ylim=(1, 3e6), xlabel="accuracy ε", ylabel="steps")
    for power, text in ((1, "slope −1"), (2, "slope −2")):
        count.plot(eps, 0.5 * eps**-power, **THRESHOLD)
        count.text(0.00085, 0.13 * 0.001**-power, text, ha="right", va="top", color="0.35")
    (bound,) = count.plot([], [], **THEORY, label="bound G²R²/ε²")
    (dots,) = count.plot([], [], "o", color=NGDM["color"], label="steps needed")
    (chosen,) = count.plot([], [], "o", color="k", markersize=10, fillstyle="none")
    figures.legend(count, loc="upper left")

    @functools.lru_cache(maxsize=32)
    def counted(term, start):
        return np.array([problems.zigzag_steps(e, problems.ZIGZAGS[term], start) for e in ZIGZAG_EPS])

    def end_slope(term, start):
        last = counted(term, start)[-2:]
        return problems.slope(eps[-2:], last) if (last > 1).all() else math.nan

    def update(term, accuracy, start):
        q = problems.ZIGZAGS[term]
        lr, (weight, power) = problems.zigzag_rate(accuracy, q), (accuracy, 1) if q is None else (1, q)
        run = problems.zigzag_path(accuracy, q, start)
        half = np.maximum(accuracy - weight * level**power / power, 0) / lr
        target.set_xy(np.concatenate([np.stack([half, level], 1), np.stack([-half, level], 1)[::-1]]))
        path.set(data=(run[:, 0] / lr, run[:, 1]), linestyle="-" if len(run) <= most else "None")
        steps = counted(term, start)
        dots.set_data(eps[steps > 0], steps[steps > 0])
        bound.set_data(eps, theory.subgradient_steps_bound(1, 1, eps) * eps / np.array(
            [problems.zigzag_rate(e, q) for e in ZIGZAG_EPS]))  # fmt: skip
        chosen.set_data([accuracy], [len(run) - 1 or np.nan])
        plane.title.set_text(f"f = |β₁| + {term}, ε = {accuracy:.3g}: {len(run) - 1} steps")
        found = end_slope(term, start)
        words = "nothing to do" if math.isnan(found) else f"slope at the end {found:.2f}".replace("-", "−")
        count.title.set_text(f"{words}; ε = 0.001: {steps[-1]} steps")
        return target, path, plane.title, dots, bound, chosen, count.title

    @goal(
        "(ii) Move the start until a run of 20 steps or more from ½ takes at most a tenth of them.",
        at={"term": "ε|β₂|", "start": 0.04},
    )
    def quick(term, accuracy, start):
        half = problems.zigzag_steps(accuracy, problems.ZIGZAGS[term], 0.5)
        return half >= 20 and 10 * problems.zigzag_steps(accuracy, problems.ZIGZAGS[term], start) <= half

    first = {"term": "|β₂|", "accuracy": 0.1, "start": 0.5}

    @goal("(i) In these two dimensions, find a run of more than 2000 steps.", at={"term": "ε|β₂|", "accuracy": 0.015})
    def long_way(term, accuracy, start):
        return problems.zigzag_steps(accuracy, problems.ZIGZAGS[term], start) > 2000

    @goal(
        "(iii) Find one fixed function, without ε in it, whose slope at the end is below −1.85.", at={"term": "β₂¹⁶/16"}
    )
    def steep(term, start):
        return term != "ε|β₂|" and end_slope(term, start) < -1.85

    return live(
        figure,
        update,
        term=select_slider("second term", first["term"], list(problems.ZIGZAGS), meaning="what is added to |β₁|"),
        accuracy=log_slider("ε", first["accuracy"], 0.01, 0.3, meaning="accuracy, on which η depends"),
        start=slider("β₁/η", first["start"], 0.0, 1.0, 0.01, meaning="start at (β₁, 1), β₁ in steps"),
        goals=[long_way, quick, steep],
        marks={
            "|β₂|": first,
            "ε|β₂|": {**first, "term": "ε|β₂|"},
            "ε|β₂|, ε = 0.05": {**first, "term": "ε|β₂|", "accuracy": 0.05},
            "one fixed function: β₂⁸/8": {**first, "term": "β₂⁸/8", "accuracy": 0.02},
        },
        play=[path],
        drag={plane: ("start", lambda **_: 1.0)},
        caption="Left: the path in the plane, β₁ measured in steps. Right: the steps that a run needs, against ε. "
        "Which line do the dots follow?",
        alt="Two panels. Left: a path that zigzags down the plane between two columns, or their dots, until it enters "
        "a shaded set. Right: steps against ε on logarithmic scales, dots between dotted lines of slope −1 and −2, "
        "below the dashed bound.",
    )
