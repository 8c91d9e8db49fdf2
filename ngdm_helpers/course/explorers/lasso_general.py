"""The sliders of notebook 3 from floating point on: the general LASSO, its bound, what gives zeros, the staircase."""

import functools
import itertools
import math

import numpy as np
from matplotlib.colors import LogNorm

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.course import problems
from ngdm_helpers.figures import ADAM, ADAM_DECOUPLED, NGDM, NGDM_LARGE, PROXIMAL, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, slider
from ngdm_helpers.objectives import L1Norm, Lasso

__all__ = ["best_so_far", "finite_precision", "float_weights", "general_lasso", "penalty_map"]


def float_weights():
    """(8) on 5000 weights in a torch format: choices of format and schedule, a slider for ηλ."""
    # every 20th step: all 2000 of 5000 weights would be 80 MB
    count, steps, every = 5000, 2000, 20
    floor = 1e-21  # where the logarithmic axis shows an exact 0
    figure, (weights, share) = figures.new(2, size=(11, 4.2))
    weights.set(xscale="log", yscale="log", xlim=(8e-4, 1.3), ylim=(2e-22, 20), xlabel="|β₀|", ylabel="|β| at the end")
    (dots,) = weights.plot([], [], ".", color=NGDM["color"], markersize=3)
    last_step = weights.axhline(1, **THRESHOLD)
    weights.text(1e-3, 3 * floor, "exactly 0", va="bottom")
    note(weights, 0.03, 0.97, "· · ·  the last step ηλ", va="top")
    share.set(xlim=(0, steps), ylim=(-0.02, 1.17), xlabel="step k", ylabel="share of weights exactly 0")
    (zeros,), law = share.plot([], [], **NGDM), share.axhline(0, **THEORY)
    note(share, 0.97, 0.97, "- - -  law for ηλ = 2⁻ᵉ, constant", ha="right", va="top")

    @functools.lru_cache(maxsize=64)
    def run(dtype, schedule, s):
        rates = problems.float_schedules(s, steps)[schedule]
        path = np.abs(problems.float_run(dtype, rates, steps, count, record_every=every))
        first = np.abs(problems.float_run(dtype, rates, 1, count))
        return path[[0, -1]], (path == 0).mean(axis=1), (first[0] == first[1]).mean(), rates(steps - 1)

    def update(dtype, schedule, s):
        (start, end), fraction, frozen, last = run(dtype, schedule, s)
        # 30·floor keeps what is not 0, however small, clear of the line of the exact zeros
        dots.set_data(start, np.where(end == 0, floor, np.maximum(end, 30 * floor)))
        last_step.set_ydata([last, last])
        zeros.set_data(np.arange(len(fraction)) * every, fraction)
        # the closed form is for a constant ηλ = 2⁻ᵉ, a number of every format's grid
        exponent = -math.log2(s)
        lawful = schedule == "constant" and exponent == round(exponent)
        law.set_ydata([theory.float_zeros(problems.FLOATS[dtype], round(exponent)) if lawful else np.nan] * 2)
        weights.title.set_text(f"{dtype}: {frozen:.1%} cannot move at the first step")
        share.title.set_text(f"exactly 0 after {steps} steps: {fraction[-1]:.2%}")
        return dots, last_step, weights.title, zeros, law, share.title

    schedules, first = list(problems.float_schedules(0.01, steps)), {"2⁻⁷": 2**-7, "0.001": 1e-3, "2⁻¹⁰": 2**-10}

    @goal("(i) Find the largest ηλ at which some bfloat16 weights cannot move.", at={"s": 0.00196})
    def largest_that_sticks(dtype, schedule, s):
        above = run(dtype, schedule, s * 1.025)  # a step of the slider further
        return dtype == "bfloat16" and s > 1e-3 and run(dtype, schedule, s)[2] > 0 and above[2] == 0

    @goal(
        "(iii) Find a schedule and a format for which no weight is 0 after 2000 steps although all are below 10⁻⁵.",
        at={"dtype": "float64", "schedule": schedules[1]},
    )
    def small_without_zeros(dtype, schedule, s):
        (_, end), fraction, *_ = run(dtype, schedule, s)
        return fraction[-1] == 0 and end.max() < 1e-5

    return live(
        figure,
        update,
        dtype=choice("format", "bfloat16", list(problems.FLOATS), meaning="torch dtype of the weights"),
        schedule=choice("schedule", "constant", schedules, meaning="learning rate over the steps"),
        s=log_slider("ηλ", 2**-7, 2**-10, 0.1, meaning="the first step"),
        goals=[largest_that_sticks, small_without_zeros],
        marks={
            **{f"bfloat16, {text}": {"dtype": "bfloat16", "schedule": "constant", "s": s} for text, s in first.items()},
            "float32, 0.01": {"dtype": "float32", "schedule": "constant", "s": 0.01},
            "float32, 0.995 a step": {"dtype": "float32", "schedule": schedules[2], "s": 0.01},
        },
        caption="Left: 5000 weights, the size of each at the end against its size at the start. Right: the share that "
        "is exactly 0. Compare formats and schedules.",
        alt="Two panels. Left: the size of 5000 weights at the end against their size at the start, on logarithmic "
        "scales: most lie below the dotted line at the last step, those that are exactly 0 on a line at the bottom, "
        "those that cannot move on the diagonal. Right: the share that is exactly 0 against the step.",
    )


METHODS = {
    "NGDM": ("subgradient", NGDM), "proximal gradient": ("proximal", PROXIMAL), "Adam": ("adam", ADAM),
    "Adam, decoupled ℓ1": ("adam_decoupled", ADAM_DECOUPLED), "Adam, soft threshold": ("adam_proximal", PROXIMAL),
}  # fmt: skip


def general_lasso():
    """(11) with a mean of squares, uniform data: sliders η, λ, n, p and a choice of method; U-curve on the right."""
    steps, tail, lams = 1500, 100, np.geomspace(1e-3, 100, 16)
    figure, (path, curve) = figures.new(2, size=(11, 4.2))
    path.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-3, 3e4), xlabel="step k", ylabel="‖β‖₁")
    norms = {name: path.plot([], [], **look)[0] for name, (_, look) in METHODS.items()}
    exact_level, band_level = path.axhline(1, **THEORY), path.axhline(1, **THRESHOLD)
    note(path, 0.97, 0.97, "- - -  exact\n· · ·  pηλ/2", ha="right", va="top")
    curve.set(xscale="log", yscale="log", xlim=(8e-4, 130), ylim=(1e-3, 3e4), xlabel="λ", ylabel="final ‖β‖₁")
    finals = {name: curve.plot([], [], marker=".", **look)[0] for name, (_, look) in METHODS.items()}
    (exact_curve,), (band,) = curve.plot([], [], **THEORY), curve.plot([], [], **THRESHOLD)
    (here,) = curve.plot([], [], "o", color="black", markersize=8, markerfacecolor="none")
    zero_from = curve.axvline(1, color="0.8", linewidth=6, zorder=0.6)
    note(curve, 0.03, 0.97, "grey: exact answer 0 from here on", va="top")

    @functools.lru_cache(maxsize=128)
    def draw(n, p):
        """X, y, the start, and of the exact answer the λ where it bends, with ‖β‖₁ there."""
        problem, starts = problems.uniform_lasso(n, p, [1.0])
        bends, betas = problems.exact_path(problem.X[0, 0], problem.y[0, 0], n * lams[0])
        return problem.X[0, 0], problem.y[0, 0], starts[0, 0], bends / n, np.abs(betas).sum(axis=1)

    kept = {}  # (η, method, n, p): the curve on the right, which a move of λ leaves as it is

    @functools.lru_cache(maxsize=512)
    def ran(eta, lam, method, n, p):
        """‖β‖₁ along the run, and at the end for all λ of the curve."""
        (X, y, start, *_), setting, ones = draw(n, p), (eta, method, n, p), np.ones(p)
        # at a new setting the λ of the curve run together with this one
        problem = Lasso(X, y, np.array([lam] if setting in kept else [lam, *lams]), "mean")
        states = itertools.islice(trajectories.iterate(problem, start, eta, METHODS[method][0]), steps + 1)
        courses = np.stack([np.abs(beta) @ ones for beta in states])
        return courses[:, 0], kept.setdefault(setting, courses[-tail:, 1:].mean(axis=0))

    def update(eta, lam, method, n, p):
        (*_, bends, at_bends), (norm, ends) = draw(n, p), ran(eta, lam, method, n, p)
        exact, largest, level = np.interp(lam, bends, at_bends), bends[-1], theory.band_mean_l1(p, eta, lam)
        for lines, shown in ((norms, (np.arange(1, steps + 1), norm[1:])), (finals, (lams, ends))):
            for name, line in lines.items():
                line.set_data(shown if name == method else ([], []))
        # an exact answer of 0 has no place on the axis: 1e-9 is far below it
        exact_level.set_ydata([exact, exact] if exact else [1e-9, 1e-9])
        band_level.set_ydata([level, level])
        curve_norms = np.interp(lams, bends, at_bends)
        exact_curve.set_data(lams, np.where(curve_norms > 0, curve_norms, np.nan))
        band.set_data(lams, theory.band_mean_l1(p, eta, lams))
        here.set_data([lam], [norm[-tail:].mean()])
        zero_from.set_xdata([largest, largest])
        path.title.set_text(f"last {tail} steps: {norm[-tail:].mean():.3g}; exact {exact:.3g}")
        curve.title.set_text(f"{method}, n = {n}, p = {p}: pηλ/2 = {level:.3g}")
        moving = (*norms.values(), *finals.values(), exact_level, band_level, exact_curve, band, here, zero_from)
        return *moving, path.title, curve.title

    @goal("Find the λ at which the norm of NGDM is smallest.", at={"lam": 0.126, "method": "NGDM"})
    def lowest(eta, lam, method, n, p):
        if method != "NGDM":
            return False
        problem, start = problems.uniform_lasso(n, p, lam * np.array([1 / 1.12, 1, 1.12]), reduction="mean")
        run = trajectories.run(problem, start, eta, steps, METHODS[method][0])
        left, here, right = np.abs(run.iterates[-tail:, 0]).sum(axis=-1).mean(axis=0)
        return here < min(left, right)

    large = {"eta": 0.02, "lam": 100.0, "method": "NGDM", "n": 200, "p": 50}
    right, wide = large | {"lam": 0.01}, {"eta": 0.1, "lam": 0.1, "method": "NGDM", "n": 20, "p": 100}
    return live(
        figure,
        update,
        eta=log_slider("η", 0.02, 0.005, 0.2, meaning="learning rate"),
        lam=log_slider("λ", 10.0, 1e-3, 100, meaning="ℓ1 penalty"),
        # not NGDM, which the vote above asks for
        method=choice("method", "proximal gradient", list(METHODS), meaning="update rule"),
        n=slider("n", 200, 20, 200, 20, meaning="samples"),
        p=slider("p", 50, 10, 100, 10, meaning="parameters"),
        goals=[lowest],
        marks={
            **{"NGDM is right": right, "the paradox": large, "Adam": large | {"method": "Adam"}, "n < p": wide},
            "Adam, decoupled": large | {"method": "Adam, decoupled ℓ1"},
        },
        caption="Left: the norm against the step at one λ. Right: the norm at the end against λ for the chosen method; "
        "dashed the exact answer, dotted pηλ/2. Where does the curve leave the dashed line?",
        alt="Two panels. Left: the ℓ1 norm against the step for one λ, the exact answer dashed and the level pηλ/2 "
        "dotted. Right: the final norm against λ: with NGDM a curve that falls along the dashed exact one and rises "
        "along the dotted line; with proximal gradient it falls to 0, with Adam to a floor, with the "
        "penalty decoupled from Adam it falls and rises again.",
    )


def best_so_far():
    """f and its best value so far on (7) against (12): sliders p, ηλ and the residue, a choice of residues."""
    steps, counts, smooth = 200, np.unique(np.geomspace(1, 1000, 16).round().astype(int)), np.geomspace(1, 1000, 60)
    figure, (run_ax, ratio) = figures.new(2, size=(11, 4.2))
    run_ax.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(0.05, 3e4), xlabel="step k", ylabel="f / (ηG²/2)")
    (values,), (best,) = run_ax.plot([], [], **NGDM), run_ax.plot([], [], **NGDM_LARGE, linewidth=3)
    (transient,) = run_ax.plot([], [], **THRESHOLD)
    run_ax.axhline(1, **THEORY)
    note(run_ax, 0.97, 0.97, "red: f    blue: best so far\n- - -  (12)    · · ·  (12) + R²/(2ηk)", ha="right", va="top")
    ratio.set(xscale="log", xlim=(0.9, 1100), ylim=(0, 1.05), xlabel="p", ylabel="f_best / (ηG²/2)")
    ratio.axhline(1, **THEORY)
    ratio.plot(smooth, 1 - theory.best_value_deficit(smooth), color="0.4", linewidth=1)
    ratio.text(20, 0.45, "mean over random residues:\n1 − √(2/(3πp))", color="0.4", va="top")
    # twelve draws of the residues for each p; for the best value only their mean counts, in closed form
    rng, many = np.random.default_rng(0), np.repeat(counts, 12)
    means = np.array([rng.uniform(size=p).mean() for p in many])
    ratio.plot(many, 2 * np.minimum(means, 1 - means), ".", color="0.6", markersize=4)
    (here,) = ratio.plot([], [], "o", color=NGDM_LARGE["color"], markersize=9)

    def ran(p, s, residues, residue):
        """The start, the run and the bound (12)."""
        # multiples of ηλ up to 1: the start stays in the unit cube, whatever the step
        crossings = np.random.default_rng(1).integers(0, max(1, int(1 / s)), p) if residues == "random" else int(1 / s)
        rests = np.random.default_rng(2).uniform(size=p) if residues == "random" else np.full(p, residue)
        start, objective = (crossings + rests) * s, L1Norm(1.0, p)
        return start, trajectories.run(objective, start, s, steps), theory.subgradient_bound(objective, s)

    def best_share(p, s, residues, residue):
        _, run, bound = ran(round(p), s, residues, residue)
        return run.values.min() / bound

    def update(p, s, residues, residue):
        p = round(p)
        start, run, bound = ran(p, s, residues, residue)
        lowest = np.minimum.accumulate(run.values)
        whole = theory.best_value_bound(np.linalg.norm(start), np.sqrt(p), s, run.steps[1:].astype(float))
        for line, course in ((values, run.values[1:]), (best, lowest[1:]), (transient, whole)):
            line.set_data(run.steps[1:], course / bound)
        here.set_data([p], [lowest[-1] / bound])
        run_ax.title.set_text(f"ηλ = {s:.3g}, last two: {run.values[-2] / bound:.3g}, {run.values[-1] / bound:.3g}")
        ratio.title.set_text(f"p = {p}: best {lowest[-1] / bound:.4f} of the bound")
        return values, best, transient, here, run_ax.title, ratio.title

    @goal("(i) Reach the bound exactly, for any p.", at={"residues": "all the same", "residue": 0.5})
    def at_the_bound(p, s, residues, residue):
        return best_share(p, s, residues, residue) > 1 - 1e-9

    @goal("(ii) Get below 5 % of it with p = 1000.", at={"p": 1000.0, "residues": "all the same", "residue": 0.02})
    def far_below(p, s, residues, residue):
        return p == 1000 and best_share(p, s, residues, residue) < 0.05

    return live(
        figure,
        update,
        p=log_slider("p", 100.0, 1, 1000, meaning="number of coordinates"),
        s=log_slider("ηλ", 0.05, 0.02, 1, meaning="the step"),
        residues=choice("residues", "random", ["random", "all the same"], meaning="β₀ mod ηλ over the coordinates"),
        residue=slider("residue / ηλ", 0.3, 0.01, 0.99, 0.01, meaning="of every coordinate, if all are the same"),
        marks={
            **{f"p = {p:g}": {"p": p, "residues": "random"} for p in (2.0, 1000.0)},
            "all at ηλ/10": {"residues": "all the same", "residue": 0.1},
        },
        goals=[at_the_bound, far_below],
        caption="Left: the loss and its best value so far, in units of the bound (12). Right: the best value against "
        "the number of weights, for random residues. How close does it come?",
        alt="Two panels. Left: the loss and its best value so far against the step, in units of the bound; the best "
        "settles at or below the dashed line at 1. Right: the best value in units of the bound against the number of "
        "coordinates, rising to 1 along a grey curve.",
    )


def finite_precision():
    """(8) for one coordinate in decimal arithmetic: a slider for the digits, choices of schedule and start."""
    steps, floor, digits_axis = 10_000, 1e-30, np.arange(3, 41)
    shown = np.unique(np.geomspace(1, steps, 700).astype(int))
    shown = np.unique(np.concatenate([shown, np.minimum(shown + 1, steps)]))  # neighbours: both ends of a 2-cycle
    figure, (path, first) = figures.new(2, size=(11, 4.2))
    path.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(floor, 3), xlabel="step k", ylabel="|β|")
    (sizes,) = path.plot([], [], ".", color=NGDM["color"], markersize=3)
    (death,) = path.plot([], [], "X", color="black", markersize=10)
    path.text(1.3, 300 * floor, "X: exactly 0 from here on", va="bottom")
    first.set(xlim=(2, 41), yscale="log", ylim=(10, 6e4), xlabel="significant digits", ylabel="first step at exactly 0")
    (hits,) = first.plot([], [], "o", color=NGDM["color"], markersize=4)
    (never,), now = first.plot([], [], "^", color="0.6", markersize=4), first.axvline(1, **THRESHOLD)
    first.axhline(steps, color="0.85", linewidth=1)
    first.text(3, steps * 1.5, "▲ not in 10 000 steps", color="0.4", va="bottom")

    def update(digits, schedule, start):
        run = problems.decimal_walk(start, schedule, digits, steps)
        beta, zero = np.array([float(abs(run[k])) for k in shown]), run.index(0) if run[-1] == 0 else None
        alive = beta > 0
        sizes.set_data(shown[alive], np.maximum(beta[alive], floor))
        death.set_data([zero] if zero else [], [10 * floor] if zero else [])
        zeros = problems.decimal_zeros(start, schedule, steps)
        hits.set_data(digits_axis, zeros)
        never.set_data(digits_axis, np.where(np.isnan(zeros), steps, np.nan))
        now.set_xdata([digits, digits])
        least = beta[alive].min() if alive.any() else 0.0
        path.title.set_text(f"{schedule}, {digits} digits: " + (f"0 from step {zero}" if zero else "never 0"))
        first.title.set_text(f"smallest |β| shown that is not 0: {least:.1g}")
        return sizes, death, path.title, hits, never, now, first.title

    @goal(
        "(i) From √2 − 1, find the fewest digits with which 1/(k + 1) does not reach 0 in 10 000 steps.",
        at={"digits": 20},
    )
    def fewest(digits, schedule, start):
        never = np.isnan(problems.decimal_zeros(start, schedule, steps)[[digits - 4, digits - 3]])  # from 3 digits on
        return (start, schedule) == ("√2 − 1", "1/(k + 1)") and never.tolist() == [False, True]

    precisions = {"like float32": 7, "like float64": 16, "34 digits": 34}
    marks = {name: {"digits": d, "schedule": "1/(k + 1)", "start": "√2 − 1"} for name, d in precisions.items()}

    @goal(
        "(ii) Choose the schedule that reaches 0 from 0.5053 with any number of digits from 4 on, "
        "and from √2 − 1 with few only.",
        at={"schedule": "reducing", "start": "0.5053"},
    )
    def reducing_alone(schedule, start):
        return (start, schedule) == ("0.5053", "reducing")

    return live(
        figure,
        update,
        digits=slider("digits", 16, 3, 40, 1, meaning="significant digits of the arithmetic"),
        schedule=choice("schedule", "1/(k + 1)", list(problems.DECIMAL_SCHEDULES), meaning="how η runs"),
        start=choice("β₀", "√2 − 1", list(problems.DECIMAL_STARTS), meaning="the start"),
        goals=[fewest, reducing_alone],
        marks={**marks, "reducing, 16 digits": {"digits": 16, "schedule": "reducing", "start": "√2 − 1"}},
        caption="Left: the size of one weight in arithmetic with so many digits. Right: the first step at which it is "
        "exactly 0, against the digits. Which schedule needs few digits?",
        alt="Two panels. Left: |β| against the step on logarithmic scales: two falling branches that end in a cross "
        "where the iterate is exactly 0. Right: the step of the first exact 0 against the number of digits, rising "
        "steeply; triangles at the top mean that it does not happen.",
    )


def penalty_map():
    """‖β‖₁ at the end over (λ, η) for two equal weights, with a data term or without: a cross-hair, and its run."""
    lams, etas = np.geomspace(0.01, 100, 400), np.geomspace(0.005, 1, 256)
    steps, tail, start, b = 1000, 200, np.array(problems.PAPER_START[:1]), 0.5  # the end is the last 200 steps

    def weight(lam, data):
        """(7), or with ``data`` (β − b)²/2 + λ|β|: an objective for each of the two."""
        return problems.one_dimensional_lasso(b, lam) if data else L1Norm(lam)

    @functools.cache
    def field(data):
        def ends(rates):
            path = trajectories.iterate(weight(lams, data), start, rates[:, None])
            return 2 * sum(np.abs(beta[..., 0]) for beta in itertools.islice(path, steps + 1 - tail, steps + 1)) / tail

        return problems.in_blocks(ends, etas)

    figure, (plane, norm) = figures.new(2, size=(11, 4), width_ratios=(6, 5))
    plane.set(xscale="log", yscale="log", xlabel="λ", ylabel="η")
    image = figures.map_of(plane, lams, etas, field(False), "‖β‖₁ at the end", LogNorm(1e-3, 100))
    for s in (0.01, 0.1, 1.0):
        plane.plot([s / etas[-1], s / etas[0]], [etas[-1], etas[0]], color="white", linewidth=0.8, zorder=1)
        plane.text(s / 0.7, 0.7, f"ηλ = {s:g}", color="white", rotation=-48, ha="left", va="center", zorder=1)
    zero_from = plane.axvline(b, color="white", linestyle="--")
    hair = figures.cross_hair(plane)
    norm.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-4, 300), xlabel="step k + 1", ylabel="‖β‖₁")
    for ax in (plane, norm):
        ax.minorticks_off()  # on four logarithmic axes they take as long to lay out as the map
    (fall,), band = norm.plot([], [], **NGDM, linewidth=1), norm.axhline(1, **THEORY)
    exact_level = norm.axhline(1, color=PROXIMAL["color"])
    note(norm, 0.03, 0.03, "- - -  ηλ\ngreen: the exact answer, unless 0", va="bottom")
    terms = {"the penalty alone": False, "(β − ½)²/2 as well": True}

    def update(lam, eta, loss):
        data = terms[loss]
        figures.refill(image, lams, etas, field(data))
        if zero_from.get_visible() != data:
            zero_from.set_visible(data)
        figures.aim(hair, lam, eta)
        run = trajectories.run(weight(lam, data), start, eta, steps)
        norms = 2 * np.abs(run.iterates[:, 0])
        fall.set_data(run.steps + 1, norms)
        end, exact = norms[-tail:].mean(), 2 * max(b - lam, 0) * data
        band.set_ydata([theory.band_mean_l1(2, eta, lam)] * 2)
        # an exact answer of 0 has no place on the axis
        exact_level.set_ydata([exact if exact else np.nan] * 2)
        plane.title.set_text(f"λ = {lam:.3g}, η = {eta:.3g}: ‖β‖₁ = {end:.3g}, exact {exact:.3g}")
        norm.title.set_text(f"the run there: ηλ = {eta * lam:.3g}")
        return *hair, plane.title, fall, band, exact_level, norm.title

    at, (alone, with_data) = {"eta": problems.PAPER_LR}, terms

    def end(lam, eta, data):
        return 2 * np.abs(trajectories.run(weight(lam, data), start, eta, steps).iterates[-tail:, 0]).mean()

    @goal(
        "(i) For the penalty alone: find a λ fifty times smaller than at first, with the same norm.",
        at={"lam": 0.02, "eta": 0.502},
    )
    def smaller(lam, eta, loss):
        return loss == alone and lam <= 0.02 and abs(end(lam, eta, False) / problems.PAPER_LR - 1) < 0.03

    @goal(
        "(ii) With the data term: find a λ at which η and a ten times larger η end at the same norm.",
        at=[{"loss": with_data, "lam": 0.1, "eta": 0.0198}, {"eta": 0.199}],
    )
    def by_lam(lam, eta, loss, seen):
        rates = [eta, *(s["eta"] for s in seen if (s["lam"], s["loss"]) == (lam, loss))]
        low, high = min(rates), max(rates)
        return loss == with_data and high > 9.9 * low and abs(end(lam, high, True) / end(lam, low, True) - 1) < 0.01

    return live(
        figure,
        update,
        background=["loss"],
        lam=log_slider("λ", 1.0, 0.01, 100, meaning="ℓ1 penalty"),
        eta=log_slider("η", problems.PAPER_LR, 0.005, 1, meaning="learning rate"),
        loss=choice("loss", alone, list(terms), meaning="what is added to λ|β| for each weight"),
        marks={
            **{f"paper, λ = {lam:g}": at | {"lam": lam, "loss": alone} for lam in problems.PAPER_LAMS},
            "that ηλ by η": {"lam": 1.0, "eta": 1.0, "loss": alone},
            "data, λ below ½": at | {"lam": 0.1, "loss": with_data},
            "data, λ above ½": at | {"lam": 10.0, "loss": with_data},
        },
        play=[fall],
        readings={"‖β‖₁": fall},
        drag={plane: ("lam", "eta")},
        goals=[smaller, by_lam],
        caption="Left: the norm at the end of 102 400 runs; white lines join settings with the same ηλ. Right: the run "
        "under the cross-hair. In which direction does the colour change?",
        alt="Two panels. Left: a map of the final ℓ1 norm over λ and η on logarithmic scales, with a red cross-hair. "
        "For the penalty alone its bands are parallel to the white diagonals of equal ηλ; with a data term they are "
        "vertical left of a dashed line at one half, and diagonal to the right of it. Right: the norm against the step "
        "for the setting under the cross-hair, with ηλ dashed.",
    )
