"""The sliders of notebook 3 on Adam, on what gives zeros, and on the staircase."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
from matplotlib.colors import Normalize

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.course import problems
from ngdm_helpers.figures import ADAM, ADAM_DECOUPLED, MOMENTUM, NGDM, PROXIMAL, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, slider
from ngdm_helpers.objectives import L1Norm, Lasso

__all__ = ["euler_at_kink", "optimizer_bands", "sparse_solvers", "staircase", "tongues"]

RULES = {  # name: method, its options, style
    "SGD": ("subgradient", {}, NGDM), "SGD, momentum 0.9": ("momentum", {"momentum": 0.9}, MOMENTUM),
    "Adam": ("adam", {}, ADAM), "Adam, momentum 0": ("adam", {"beta1": 0.0}, ADAM),
    "Adam, momentum 0.99": ("adam", {"beta1": 0.99}, ADAM),
    "Adam, decoupled ℓ1": ("adam_decoupled", {}, ADAM_DECOUPLED),
    "Adam, soft threshold": ("adam_proximal", {}, PROXIMAL),
}  # fmt: skip


def optimizer_bands():
    """Where SGD, momentum and Adam, with ℓ1 in its loss or beside it, end on (7): sliders λ and η, a choice of rule."""
    # the longest way, SGD's from 41η (0.82 at the smallest η) with λ = 0.05, takes 820 steps
    lams, window, steps = np.geomspace(0.05, 100, 9), 60, 1500
    # in units of η, in which no rule knows η: β₀ = U(−1, 1) for η = 0.05
    starts = np.random.default_rng(0).uniform(-20, 20, 100)
    figure, (time, band) = figures.new(2, size=(11, 4.2))
    time.set(xlim=(0, window), ylim=(-1.15, 1.15), xlabel="the last 60 steps", ylabel="β / (largest |β| shown)")
    lines = [time.plot([], [], marker=".", linewidth=1, color=color)[0] for color in (figures.VERMILLION, figures.BLUE)]
    band.set(xscale="log", yscale="log", xlim=(0.04, 130), ylim=(5e-3, 2e3), xlabel="λ", ylabel="mean |β| / η")
    (means,) = band.plot([], [], marker=".", **NGDM)
    band.plot(lams, lams / 2, **THEORY)
    band.text(0.055, 0.016, "λ/2", va="top")
    band.axhline(1 / 8, **THRESHOLD)
    band.text(100, 0.14, "1/8", ha="right", va="bottom")
    (here,) = band.plot([], [], "o", color="black", markersize=8, markerfacecolor="none")

    # nine runs of 100 weights each, which a move of λ or η does not change
    @functools.cache
    def sweep(rule):
        method, options, _ = RULES[rule]
        tail = trajectories.run(L1Norm(lams), starts, 1.0, steps, method, **options).iterates[-200:]
        return np.abs(tail).mean(axis=(0, 2))

    def update(lam, eta, rule):
        method, options, style = RULES[rule]
        shown = np.array([0.5053, -0.82]) / eta
        run = trajectories.run(L1Norm(lam), np.concatenate([shown, starts]), 1.0, steps, method, **options)
        tail, average = run.iterates[-window:, :2], np.abs(run.iterates[-200:, 2:]).mean()
        largest = np.abs(tail).max()
        for line, beta in zip(lines, tail.T, strict=True):
            line.set_data(np.arange(window), beta / (largest or 1))
        # an exact 0 has no place on the logarithmic axis
        means.set(data=(lams, np.where(sweep(rule) > 0, sweep(rule), np.nan)), color=style["color"])
        here.set_data([lam], [average or np.nan])
        time.title.set_text(f"{rule}: " + (f"up to {largest:.3g}η" if largest else "exactly 0"))
        band.title.set_text(f"λ = {lam:.3g}: mean |β| = {average:.3g}η")
        return *lines, means, here, time.title, band.title

    @goal("(ii) With Adam, find a λ for which its mean |β| is larger than that of SGD.", at={"lam": 0.196})
    def adam_is_larger(lam, eta, rule):
        pair = [problems.band_means(method, [lam], eta, steps, 100)[0] for method in ("adam", "subgradient")]
        return rule == "Adam" and pair[0] > pair[1]

    return live(
        figure,
        update,
        goals=[adam_is_larger],
        lam=log_slider("λ", 1.0, 0.05, 100, meaning="ℓ1 penalty"),
        eta=log_slider("η", 0.05, 0.02, 0.2, meaning="learning rate"),
        rule=choice("rule", "Adam", list(RULES), meaning="update rule"),
        marks={f"{rule}, λ = {lam:g}": {"rule": rule, "lam": lam} for rule in ("SGD", "Adam") for lam in (1.0, 100.0)},
        play=lines,
        caption="Left: two weights over their last 60 steps. Right: the mean size of a weight against λ, in units "
        "of η; dashed SGD's law. Which rules know λ, and which is exactly 0?",
        alt="Two panels. Left: two weights over the last 60 steps, going up and down around 0. Right: the mean size of "
        "a weight in units of η against λ: rising along a dashed line for SGD, flat near the dotted line at one eighth "
        "for Adam; rising like that of SGD where Adam does not see the penalty.",
    )


def euler_at_kink():
    """NGDM and the proximal step on ½(β − b)² + λ|β|: sliders η, λ, b and the start."""
    steps, side = 40, np.linspace(-1.7, 1.7, 341)
    figure, (valley, time) = figures.new(2, size=(11, 4.2))
    valley.set(xlim=(-1.7, 1.7), ylim=(-0.1, 4), xlabel="β", ylabel="f(β)")
    (curve,) = valley.plot([], [], color="0.6", linewidth=2)
    looks = {  # method: style, and the size of its marks on the graph and over the steps; red within the green frame
        "subgradient": ({**NGDM, "linewidth": 0.8, "marker": "o"}, 5, 4),
        "proximal": ({**PROXIMAL, "linewidth": 0.8, "marker": "s", "markerfacecolor": "none"}, 9, 6),
    }
    dots = {name: valley.plot([], [], markersize=size, **look)[0] for name, (look, size, _) in looks.items()}
    time.set(xlim=(0, steps), ylim=(-1.8, 2.6), xlabel="step k", ylabel="β")
    lines = {name: time.plot([], [], markersize=size, **look)[0] for name, (look, _, size) in looks.items()}
    minimum = time.axhline(0, **THEORY)
    legend = "red ●  NGDM: forward Euler\ngreen □  proximal: backward\n- - -  minimiser"
    note(time, 0.97, 0.97, legend, ha="right", va="top")

    def update(eta, lam, b, start):
        objective = problems.one_dimensional_lasso(b, lam)
        minimiser = float(np.sign(b) * max(abs(b) - lam, 0))
        curve.set_data(side, (side - b) ** 2 / 2 + lam * np.abs(side))
        runs = {name: trajectories.run(objective, np.array([start]), eta, steps, name).iterates[:, 0] for name in looks}
        for name, beta in runs.items():
            dots[name].set_data(beta, (beta - b) ** 2 / 2 + lam * np.abs(beta))
            lines[name].set_data(np.arange(steps + 1), beta)
        minimum.set_ydata([minimiser, minimiser])
        swing, at_zero = np.abs(np.diff(runs["subgradient"][-2:]))[0], np.flatnonzero(runs["proximal"] == 0)
        stays = at_zero.size and runs["proximal"][-1] == 0
        arrival = f"exactly 0 from step {at_zero[0]}" if stays else "never exactly 0"
        valley.title.set_text(f"minimiser {minimiser:.3g}; proximal: {arrival}")
        time.title.set_text(f"NGDM's last jump {swing:.3g}, ηλ = {eta * lam:.3g}")
        return curve, *dots.values(), *lines.values(), minimum, valley.title, time.title

    @goal(
        "Put the minimiser exactly at the edge, λ = |b|, and start from either side.",
        at=[{"lam": 0.3, "b": 0.3}, {"start": -0.8}],
    )
    def at_the_edge(lam, b, start, seen):
        sides = {np.sign(s["start"]) for s in seen if (s["lam"], s["b"]) == (lam, b)}
        return 0 < lam == abs(b) and -np.sign(start) in sides

    at, off = {"eta": 0.3, "lam": 0.8, "b": 0.3, "start": 1.2}, {"eta": 0.3, "lam": 0.2, "b": 0.6, "start": -0.8}
    small, large = at | {"eta": 0.05}, at | {"eta": 1.0}
    return live(
        figure,
        update,
        eta=log_slider("η", 0.3, 0.01, 1.0, meaning="step size"),
        lam=slider("λ", 0.8, 0.0, 1.0, 0.05, meaning="ℓ1 penalty"),
        b=slider("b", 0.3, -0.6, 0.6, 0.05, meaning="minimiser without the penalty"),
        start=slider("β₀", 1.2, -1.5, 1.5, 0.05, meaning="the start"),
        goals=[at_the_edge],
        marks={"minimiser at the kink": at, "minimiser off the kink": off, "small η": small, "large η": large},
        play=[*dots.values(), *lines.values()],
        readings={"NGDM β": lines["subgradient"], "proximal β": lines["proximal"]},
        caption="Left: the loss, and both methods on it. Right: both against the step. Which of them comes to rest, "
        "and for which λ and b?",
        alt="Two panels. Left: the loss with a kink at 0 and the iterates of both methods on it. Right: β against the "
        "step: NGDM goes up and down across the kink, the proximal step comes to rest on the dashed minimiser.",
    )


SOLVERS = {  # name: method, η in units of 1/L, rows per gradient, all of them for None
    "NGDM": ("subgradient", 1.0, None), "Adam": ("adam", None, None), "ISTA": ("proximal", 1.0, None),
    "FISTA": ("fista", 1.0, None), "RDA": ("rda", 3.0, None), "SGD, 10 rows": ("subgradient", 0.1, 10),
    "proximal SGD, 10 rows": ("proximal", 0.1, 10), "RDA, 10 rows": ("rda", 3.0, 10),
    "u − v, projected": ("proximal", 0.5, None), "u − v, 10 rows": ("proximal", 0.05, 10),
}  # fmt: skip


def sparse_solvers():
    """Methods on (11) with n = 100, p = 200: a choice of method, sliders for λ and a factor on η."""
    steps, base = 4000, problems.sparse_problem()
    # of the steps after 200 every fifth is shown: a pixel holds more, and an odd stride meets both ends of a 2-cycle
    shown = [*range(200), *range(200, steps + 1, 5)]
    size, (bends, answers) = base.curvature, problems.exact_path(base.X, base.y, 2.0)
    figure, (gap_ax, sorted_ax) = figures.new(2, size=(11, 4.2))
    gap_ax.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-12, 1e5), xlabel="step k", ylabel="f − f*")
    (gap,) = gap_ax.plot([], [], **NGDM)
    sorted_ax.set(xlim=(0, 200), ylim=(1e-7, 10), xlabel="coefficients that are not 0, by size", ylabel="|β|")
    (exact_sizes,) = sorted_ax.semilogy([], [], **THEORY)
    (sizes,), cut = sorted_ax.plot([], [], ".", color=NGDM["color"], markersize=4), sorted_ax.axhline(1, **THRESHOLD)
    note(sorted_ax, 0.97, 0.97, "- - -  exact\n· · ·  2ηλ", ha="right", va="top")

    def exact(lam):
        return np.array([np.interp(lam, bends, beta) for beta in answers.T])

    @functools.lru_cache(maxsize=256)
    def ran(method, lam, factor):
        """η, f − f* along the run, its end, and which coefficients of it the method or a cut selects."""
        problem, (rule, c, rows) = Lasso(base.X, base.y, lam), SOLVERS[method]
        eta = 0.01 * factor if c is None else c * factor / size
        target, join = problem if rows is None else problems.Minibatch(problem, rows), None
        if method.startswith("u − v"):
            target = problems.TwoParts(target)
            join = target.join
        states, kept = trajectories.iterate(target, np.zeros(target.p), eta, rule), []
        for k, state in enumerate(itertools.islice(states, steps + 1)):
            if k < 200 or k % 5 == 0:
                kept.append(state)
                # these two, with whole gradients, stay where 195 steps have not moved them
                landed = rule in ("proximal", "fista") and rows is None and k % 200 == 0 < k
                if landed and np.abs(state - kept[-40]).max() < 1e-15:
                    break
        iterates = np.stack(kept + kept[-1:] * (len(shown) - len(kept)))
        iterates = iterates if join is None else join(iterates)
        gaps = problem.value(iterates) - problem.value(exact(lam))
        # a weight whose exact answer is 0 swings about it by a step of at most η(λ + |slope|) ≤ 2ηλ
        cut = 0 if rule in ("proximal", "fista", "rda") else 2 * eta * lam
        return eta, gaps, iterates[-1], np.abs(iterates[-1]) > cut

    @goal(
        "(i) Find a factor on η with which NGDM, cut at 2ηλ, has the exact support.",
        at={"method": "NGDM", "factor": 0.0398},
    )
    def exact_support(method, lam, factor):
        return method == "NGDM" and ((exact(lam) != 0) == ran(method, lam, factor)[-1]).all()

    def update(method, lam, factor):
        best, (eta, gaps, beta, selected) = exact(lam), ran(method, lam, factor)
        # 1e-12, the foot of the frame, is rounding for a loss of some hundreds
        gap.set_data(shown[1:], np.maximum(gaps[1:], 1e-12))
        for line, coefficients in ((exact_sizes, best), (sizes, beta)):
            left = np.sort(np.abs(coefficients[coefficients != 0]))[::-1]
            line.set_data(np.arange(1, len(left) + 1), left)
        cut.set_ydata([2 * eta * lam] * 2)
        thresholds = SOLVERS[method][0] in ("proximal", "fista", "rda")
        support = f"{'exact' if ((best != 0) == selected).all() else 'wrong'} support"
        last = gaps[-1]
        gap_ax.title.set_text(f"{method}, η = {eta:.2g}: gap " + (f"{last:.1e}" if last > 1e-12 else "below 1e-12"))
        zeros = f"zeros: {(beta == 0).sum()}, exact {(best == 0).sum()}"
        sorted_ax.title.set_text(f"{zeros}; " + (support if thresholds else f"cut at 2ηλ: {support}"))
        return gap, exact_sizes, sizes, cut, gap_ax.title, sorted_ax.title

    exact_zeros = {"FISTA": "FISTA", "proximal SGD": "proximal SGD, 10 rows", "RDA": "RDA, 10 rows"}
    return live(
        figure,
        update,
        method=choice("method", "NGDM", list(SOLVERS), meaning="update rule"),
        lam=log_slider("λ", 20.0, 2, float(f"{1.2 * bends[-1]:.3g}"), meaning="ℓ1 penalty"),
        factor=log_slider("η times", 1.0, 0.01, 1, meaning="factor on the step of the method"),
        marks={
            "NGDM": {"method": "NGDM", "lam": 20.0, "factor": 1.0},
            "NGDM, η/3": {"method": "NGDM", "lam": 20.0, "factor": 1 / 3},
            **{name: {"method": method, "lam": 20.0, "factor": 1.0} for name, method in exact_zeros.items()},
        },
        caption="Left: the gap to the exact minimum against the step. Right: the coefficients that are not 0, by size, "
        "over the exact ones. Which methods have fewer dots than coefficients?",
        goals=[
            exact_support,
            goal("(iii) Raise λ until the exact answer is 0.", lambda lam: not exact(lam)[0].any(), {"lam": 435.0}),
        ],
        alt="Two panels. Left: the gap to the exact minimum against the step on logarithmic scales. Right: the sizes "
        "of the coefficients that are not 0, largest first; for NGDM a shelf just below the dotted line follows the "
        "large ones, for proximal methods the dots end where the dashed exact ones end.",
    )


def staircase():
    """NGDM on ½β² − cβ + λ|β|: sliders c/λ and ηh; the mean of sign(β) against c/λ with its plateaus."""
    ratios, window = np.linspace(0, 1, 301), 48
    figure, (time, stairs) = figures.new(2, size=(11, 4.2))
    time.set(xlim=(0, window), ylim=(-1.4, 1.15), xlabel="the last 48 steps", ylabel="β / (largest |β| shown)")
    time.axhline(0, **THRESHOLD)
    (beta,) = time.plot([], [], marker="o", markersize=4, **NGDM, linewidth=0.8)
    (heard,) = time.plot([], [], visible=False)
    centre = time.axhline(0, color=figures.GREEN, linewidth=1.5)
    note(time, 0.03, 0.03, "green: minimiser without the penalty, c/h", va="bottom")
    stairs.set(xlim=(0, 1), ylim=(-0.04, 1.04), xlabel="c/λ", ylabel="mean of sign(β)")
    stairs.plot([0, 1], [0, 1], **THRESHOLD)
    (steps_line,) = stairs.plot([], [], ".", color=NGDM["color"], markersize=4)
    # the plateaus of every period up to 8 with a mean sign of at least 0: c is never negative here
    fractions = [(plus, q) for q in range(2, 9) for plus in range(1, q) if math.gcd(plus, q) == 1 and 2 * plus >= q]
    treads = [stairs.plot([], [], **THEORY, linewidth=1)[0] for _ in fractions]
    (here,) = stairs.plot([], [], "o", color="black", markersize=9, markerfacecolor="none")
    note(stairs, 0.03, 0.97, "- - -  plateaus, in closed form\n· · ·  c/λ, the exact subgradient at 0", va="top")

    @functools.lru_cache(maxsize=32)
    def sweep(shrink):
        return problems.mean_signs(ratios, shrink), [theory.staircase_plateau(*f, shrink) for f in fractions]

    def update(ratio, etah):
        path = trajectories.run(problems.one_dimensional_lasso(ratio, 1.0), [0.01], etah, 1500).iterates[:, 0]
        means, plateaus = sweep(1 - etah)
        scale = np.abs(path[-window:]).max()
        beta.set_data(np.arange(window), path[-window:] / scale)
        heard.set_data(np.arange(840), path[-840:])  # a whole number of cycles of every period up to 8
        centre.set_ydata([ratio / scale] * 2)
        steps_line.set_data(ratios, means)
        for tread, (plus, q), (low, high) in zip(treads, fractions, plateaus, strict=True):
            tread.set_data([max(low, 0), high], [2 * plus / q - 1] * 2)
        # 840 is a multiple of every period up to 8, as in `problems.mean_signs`
        now = np.sign(path[-840:]).mean()
        here.set_data([ratio], [now])
        within = [f for f, (low, high) in zip(fractions, plateaus, strict=True) if low < ratio < high]
        cycle = f"positive at {within[0][0]} of {within[0][1]} steps" if within else "no short cycle"
        time.title.set_text(f"ηλ = {etah:.3g}·λ/h: {cycle}")
        stairs.title.set_text(f"c/λ = {ratio:.4g}: mean sign {now:.4g}")
        return beta, centre, steps_line, *treads, here, time.title, stairs.title

    @goal("(i) Find a tread with period 7.", at={"ratio": 0.345})
    def period_7(ratio, etah):
        treads = [theory.staircase_plateau(plus, 7, 1 - etah) for plus in range(1, 7)]
        return any(low < ratio < high for low, high in treads)

    on = {f"on the tread {tread}": {"ratio": c, "etah": 0.5} for tread, c in (("0", 0.2), ("1/3", 0.57), ("1/2", 0.8))}

    @goal("(iii) Bring the staircase as close to the diagonal as you can.", at={"etah": 0.02})
    def smallest_step(etah):
        return etah == 0.02

    return live(
        figure,
        update,
        ratio=slider("c/λ", 0.2, 0.0, 0.995, 0.005, meaning="slope of the data term at 0, in units of λ"),
        etah=slider("ηh", 0.5, 0.02, 0.98, 0.02, meaning="step times curvature"),
        marks={**on, "small step": {"ratio": 0.57, "etah": 0.1}},
        goals=[period_7, smallest_step],
        play=[beta],
        sound=heard,
        caption="Left: one weight over its last 48 steps. Right: the mean of its sign against c/λ. Where does the "
        "curve stand still, and what does a smaller step do to it?",
        alt="Two panels. Left: β over the last steps, jumping around 0 in a repeating pattern. Right: the mean of "
        "sign(β) against c/λ, a staircase whose treads lie on dashed closed forms and cross the dotted diagonal.",
    )


def tongues():
    """The mean of sign(β) over (c/λ, ηh), its staircase at the chosen ηh, and the run: a cross-hair for both."""
    ratios, etahs, window, longest = np.linspace(0, 1, 400), np.linspace(0.02, 1, 256), 30, 60

    def settled(ratios, etah):
        """With λ = h = 1, once it has settled: β (61, …, n), and the mean of its sign (…, n).

        Over the number of steps after which β comes back closest to where it was: exact for every cycle of at most 60.
        """
        # 500 steps shrink what is left of the start by 4e-5 at the least ηh, 0.02
        path = trajectories.iterate(problems.one_dimensional_lasso(ratios, 1.0), [0.01], etah)
        path = np.stack([beta[..., 0] for beta in itertools.islice(path, 500, 501 + longest)])
        back = np.abs(path[1:] - path[0]).argmin(axis=0)
        positive = np.cumsum(path[:-1] > 0, axis=0, dtype=np.int16)
        return path, 2 * np.take_along_axis(positive, back[None], axis=0)[0] / (back + 1) - 1

    figure, (plane, stairs, time) = figures.new(3, size=(11, 4), width_ratios=(5, 3, 3))
    field = problems.in_blocks(lambda etah: settled(ratios, etah[:, None])[1], etahs)
    figures.map_of(plane, ratios, etahs, field, "mean of sign(β)", Normalize(0, 1))
    plane.set(xlabel="c/λ", ylabel="ηh")
    heights = np.linspace(0.02, 0.99, 60)
    for plus, period, name, at in ((1, 2, "0", 0.6), (2, 3, "1/3", 0.42), (3, 4, "1/2", 0.34), (3, 5, "1/5", 0.25)):
        edges = np.array([theory.staircase_plateau(plus, period, 1 - etah) for etah in heights])
        plane.plot(edges, heights, color="white", linewidth=0.8, zorder=1)
        middle = max(np.interp(at, heights, edges.mean(axis=1)), 0.12)
        plane.text(middle, at, name, color="white", ha="center", va="center", zorder=1)
    hair = figures.cross_hair(plane)
    stairs.set(xlim=(0, 1), ylim=(-0.04, 1.04), xlabel="c/λ", ylabel="mean of sign(β)")
    stairs.plot([0, 1], [0, 1], **THRESHOLD)
    (cut,) = stairs.plot([], [], ".", color=NGDM["color"], markersize=3)
    (here,) = stairs.plot([], [], "o", color="black", markersize=9, markerfacecolor="none")
    time.set(xlim=(0, window), ylim=(-1.15, 1.15), xlabel="step, once settled", ylabel="β / (largest |β| shown)")
    time.axhline(0, **THRESHOLD)
    (beta,) = time.plot([], [], marker="o", markersize=4, **NGDM, linewidth=0.8)

    def update(ratio, etah):
        figures.aim(hair, ratio, etah)
        # the run under the cross-hair is one more of the cut
        paths, means = settled(np.append(ratios, ratio), etah)
        cut.set_data(ratios, means[:-1])
        here.set_data([ratio], [means[-1]])
        path = paths[: window + 1, -1]
        beta.set_data(np.arange(window + 1), path / max(np.abs(path).max(), 1e-300))
        positive = Fraction((means[-1] + 1) / 2).limit_denominator(longest)
        plane.title.set_text(f"c/λ = {ratio:.3g}, ηh = {etah:.3g}: mean sign {means[-1]:.4g}")
        stairs.title.set_text(f"cut at ηh = {etah:.3g}")
        time.title.set_text(f"positive at {positive.numerator} of {positive.denominator}")
        return *hair, plane.title, cut, here, stairs.title, beta, time.title

    return live(
        figure,
        update,
        ratio=slider("c/λ", 0.57, 0.0, 1.0, 0.005, meaning="slope of the data term at 0, in units of λ"),
        etah=slider("ηh", 0.5, 0.02, 1.0, 0.01, meaning="step times curvature: where the map is cut"),
        marks={
            "in the tongue of 0": {"ratio": 0.3, "etah": 0.7},
            "in the tongue of 1/3": {"ratio": 0.57, "etah": 0.5},
            "between tongues": {"ratio": 0.375, "etah": 0.5},
            "small step": {"ratio": 0.57, "etah": 0.02},
        },
        play=[beta],
        readings={"β / largest": beta},
        drag={plane: ("ratio", "etah")},
        caption="Left: the mean sign at 102 400 settings. Middle: the cut of this map along one ηh. Right: the run "
        "under the cross-hair. Follow one tongue down to small steps.",
        alt="Three panels. Left: a map of the mean sign over c/λ and ηh: flat areas that start from points at the "
        "bottom and widen upwards, the ones at 0, one third, one half and one fifth outlined; a red cross-hair. "
        "Middle: the map along the horizontal line of the cross-hair, a staircase below the dotted diagonal. Right: "
        "the run under the cross-hair, jumping around 0 in a repeating pattern.",
    )
