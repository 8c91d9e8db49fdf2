"""The sliders of notebook 3 on (7) and (8): the orbit, its norm, and the learning rate."""

import functools
import itertools

import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.course import problems
from ngdm_helpers.figures import ADAM, NGDM, NGDM_LARGE, PROXIMAL, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, slider
from ngdm_helpers.objectives import L1Norm

__all__ = ["disguised_learning_rate", "l1_orbit", "residue_sawtooth", "step_reduction"]


def _diamonds(ax):
    """Diamonds of equal ‖β‖₁ about 0 that fit any frame: ‖β‖₁ = ½, 1, 1½ half-widths. Returns nothing that moves."""
    ax.axhline(0, **THRESHOLD, linewidth=1)
    ax.axvline(0, **THRESHOLD, linewidth=1)
    corners = np.array([(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)])
    x, y = 0.5 + corners.T[..., None] * (0.25, 0.5, 0.75)
    ax.plot(x, y, transform=ax.transAxes, color="0.8", linewidth=1, zorder=0.6)
    ax.set(aspect="equal", xlabel="first weight", ylabel="second weight")
    ax.locator_params(nbins=5)


def _frame(ax, half_width):
    """A square view of [−half_width, half_width]². Leaves an unchanged frame alone, so that it costs no redraw."""
    if ax.get_xlim() != (-half_width, half_width):
        ax.set(xlim=(-half_width, half_width), ylim=(-half_width, half_width))


def l1_orbit():
    """A race on (7) in two dimensions, (8) against the proximal step: sliders η, λ and β₀; marks at the paper's two."""
    steps, at_paper = 300, {"eta": problems.PAPER_LR, "b1": problems.PAPER_START[0], "b2": problems.PAPER_START[1]}
    figure, (plane, cell, norm) = figures.new(3, size=(11, 3.7))
    _diamonds(plane)
    # the two that come to rest lie below the one that does not
    rivals = {"proximal": {**PROXIMAL, "linestyle": "-"}, "adam": ADAM}
    others = [(plane.plot([], [], marker=".", **look, linewidth=1)[0], look) for look in rivals.values()]
    (path,) = plane.plot([], [], marker=".", **NGDM, linewidth=1)
    (start,) = plane.plot([], [], "s", color="0.3", markersize=7)
    _diamonds(cell)
    _frame(cell, 1.1)
    cell.set(title="the end, in units of ηλ", xlabel="first weight / ηλ", ylabel="second weight / ηλ")
    (closed,) = cell.plot([], [], marker="o", markersize=13, markerfacecolor="none", **THEORY)
    (last,) = cell.plot([], [], "o", color=NGDM["color"], markersize=6)
    note(cell, 0.02, 0.98, "○ Proposition 3.2\n● last two iterates", va="top")
    norm.set(box_aspect=1, xlim=(1, steps), ylim=(1e-5, 300), xlabel="step k", ylabel="‖β‖₁")
    falls = [norm.loglog([], [], **look)[0] for _, look in others]
    (fall,), mean = norm.loglog([], [], **NGDM), norm.axhline(1, **THEORY)
    (heard,) = norm.plot([], [], visible=False)  # the first weight with its sign: it jumps by ηλ
    note(norm, 0.03, 0.97, "- - -  ηλ: two-step mean\ngreen: proximal step", va="top")

    def half_width(eta, lam, b1, b2, rival):
        # few frames, for new ticks cost ten times what a move costs; a last digit of ηλ is none
        return 1.1 * next(width for width in (1, 2, 5, 10, 20, 50, 100) if eta * lam < width + 1e-9)

    def update(eta, lam, b1, b2, rival):
        run = trajectories.run(L1Norm(lam), np.array([b1, b2]), eta, steps)
        # the units of the middle panel, and the step from which the orbit is exact
        s, arrival = eta * lam, int(theory.entry_step((b1, b2), eta, lam))
        _frame(plane, half_width(eta, lam, b1, b2, rival))
        path.set_data(*run.iterates.T)
        for (line, _), course, method in zip(others, falls, rivals, strict=True):
            shown = method == "proximal" or rival == "proximal and Adam"
            there = trajectories.run(L1Norm(lam), np.array([b1, b2]), eta, steps, method) if shown else None
            line.set_data(*(there.iterates.T if shown else ([], [])))
            course.set_data(*((there.steps, there.values / lam) if shown else ([], [])))
        start.set_data([b1], [b2])
        closed.set_data(*(np.array(theory.orbit((b1, b2), eta, lam)) / s).T)
        last.set_data(*(run.iterates[-2:] / s).T)
        fall.set_data(run.steps, run.values / lam)
        heard.set_data(run.steps, run.iterates[:, 0])
        mean.set_ydata([theory.band_mean_l1(2, eta, lam)] * 2)
        plane.title.set_text(f"ηλ = {s:.3g}, orbit from step {arrival}")
        high, low = problems.last_norms(run)
        norm.title.set_text(f"‖β‖₁ {'ends at' if arrival < steps else 'on its way:'} {high:.5g} / {low:.5g}")
        return *(line for line, _ in others), *falls, path, start, plane.title, closed, last, fall, mean, norm.title

    @functools.lru_cache(maxsize=1024)  # asked for every place where the reader has been
    def ends(eta, lam, b1, b2):
        """The last two norms of (8), lower first; None where the run is still on its way."""
        start = np.array([b1, b2])
        run = trajectories.run(L1Norm(lam), start, eta, steps)
        return None if theory.entry_step(start, eta, lam) >= steps else np.sort(problems.last_norms(run))

    @goal("(i) Find two settings with different λ and the same final norm.", at={"eta": 0.01, "lam": 10.0})
    def same_norm(eta, lam, b1, b2, seen):
        here = ends(eta, lam, b1, b2)
        others = [s for s in seen if abs(s["lam"] / lam - 1) > 1e-9]
        there = [ends(*(s[name] for name in ("eta", "lam", "b1", "b2"))) for s in others]
        return here is not None and any(other is not None and np.allclose(here, other, rtol=1e-3) for other in there)

    @goal("(ii) Make ‖β‖₁ end *above* where it started.", at={"eta": 1.0, "lam": 2.0})
    def ends_above(eta, lam, b1, b2):
        here = ends(eta, lam, b1, b2)
        return here is not None and here[1] > (abs(b1) + abs(b2)) * (1 + 1e-9)

    paper = {f"paper, λ = {lam:g}": {**at_paper, "lam": lam} for lam in problems.PAPER_LAMS}
    return live(
        figure,
        update,
        eta=log_slider("η", 0.1, 1e-3, 1, meaning="learning rate"),
        lam=log_slider("λ", 1.0, 1e-2, 100, meaning="ℓ1 penalty"),
        b1=slider("β₀ first", 0.82, -1.0, 1.0, 0.01, meaning="first coordinate of the start"),
        b2=slider("β₀ second", 0.43, -1.0, 1.0, 0.01, meaning="second coordinate of the start"),
        rival=choice("beside", "proximal", ["proximal", "proximal and Adam"], meaning="what races against NGDM"),
        background=half_width,
        play=[path, fall, *(line for line, _ in others), *falls],
        readings={"NGDM ‖β‖₁": fall, "proximal ‖β‖₁": falls[0]},
        drag={plane: ("b1", "b2")},
        sound=heard,
        goals=[same_norm, ends_above],
        marks={**paper, "unequal parities": {"eta": 0.1, "lam": 1.0, "b1": 0.55, "b2": -0.82}},
        caption="Left: the two paths from the grey square, in a frame of ±1.1 that widens once ηλ exceeds 1. Middle: "
        "NGDM's last two iterates in units of ηλ. Right: the norm against the step. Does NGDM's step get shorter?",
        alt="Three panels. Left: the paths of β in the plane from its start towards 0: NGDM's keeps jumping about 0, "
        "the proximal one ends on it. Middle: the last two "
        "iterates divided by ηλ, on the two circles that Proposition 3.2 predicts. Right: the ℓ1 norm against "
        "the step, falling and then staying around the dashed line ηλ.",
    )


def residue_sawtooth():
    """Final ‖β‖₁ of (8) against λ at η = 0.01: sliders λ and β₀ = (b, b); the closed orbit over the simulation."""
    # a λ every 0.1 resolves the teeth from λ ≈ 3 on; those below are a few pixels high
    steps, lams = 1000, np.linspace(0.5, 120, 1196)
    figure, (time, saw) = figures.new(2, size=(11, 4))
    time.set(xlim=(0, 60), ylim=(-1.25, 1.25), xlabel="step k", ylabel="both weights")
    (dots,) = time.plot([], [], marker=".", **NGDM, linewidth=0.8)
    # to each parity of the step its level: the orbit has two points
    levels = [time.axhline(0, **THEORY), time.axhline(0, **THEORY)]
    saw.set(xlim=(0, 120), ylim=(0, 2.6), xlabel="λ   (η = 0.01)", ylabel="‖β‖₁")
    looks = (NGDM, NGDM_LARGE)
    simulated = [saw.plot([], [], **look, label=f"simulated, step {steps + k}")[0] for k, look in enumerate(looks)]
    closed = [saw.plot([], [], **THEORY, linewidth=1, label=label)[0] for label in ("Proposition 3.2", None)]
    saw.plot(lams, theory.band_mean_l1(2, problems.PAPER_LR, lams), **THRESHOLD, label="two-step mean ηλ")
    here = [saw.plot([], [], "o", color=look["color"], markersize=9)[0] for look in looks]
    figures.legend(saw, loc="upper left")

    @functools.lru_cache(maxsize=1)  # the sweep over λ depends on β₀ alone
    def sweep(b):
        states = trajectories.iterate(L1Norm(lams), np.array([b]), problems.PAPER_LR)  # one of the equal coordinates
        runs = itertools.islice(states, steps, steps + 2)
        orbits = theory.orbit(np.full((lams.size, 1), b), problems.PAPER_LR, lams)
        return [(2 * np.abs(end[:, 0]), 2 * np.abs(vector[:, 0])) for end, vector in zip(runs, orbits, strict=True)]

    def update(lam, b):
        run = trajectories.run(L1Norm(lam), np.array([b, b]), problems.PAPER_LR, steps + 1)
        dots.set_data(run.steps[:61], run.iterates[:61, 0])
        for k, level in enumerate(theory.orbit((b, b), problems.PAPER_LR, lam)):
            levels[k].set_ydata([level[0], level[0]])
            for line, norms in zip((simulated[k], closed[k]), sweep(b)[k], strict=True):
                line.set_data(lams, norms)
            here[k].set_data([lam], [run.values[k - 2] / lam])
        residue = theory.residue((b, b), problems.PAPER_LR, lam)[0]
        time.title.set_text(f"ηλ = {problems.PAPER_LR * lam:.4g}, β mod ηλ = {residue:.4g}, at every step")
        saw.title.set_text(f"‖β‖₁ ends at {run.values[-2] / lam:.5g} / {run.values[-1] / lam:.5g}")
        return dots, *levels, *simulated, *closed, *here, time.title, saw.title

    @goal(
        "(i) Leave β₀, and find a λ between 10 and 50 for which ‖β‖₁ ends, at one of the two steps, below 0.01.",
        at={"lam": 25.3},
    )
    def nearly_zero(lam, b):
        run = trajectories.run(L1Norm(lam), np.array([b, b]), problems.PAPER_LR, steps + 1)
        return b == problems.PAPER_START[0] and 10 < lam < 50 and min(problems.last_norms(run)) < 0.01

    return live(
        figure,
        update,
        goals=[nearly_zero],
        lam=log_slider("λ", 50.0, 0.5, 120.0, meaning="ℓ1 penalty", steps=1000),
        b=slider("β₀ (both)", problems.PAPER_START[0], -1.0, 1.0, 0.01, meaning="both coordinates of the start"),
        marks={f"ηλ = {s}": {"lam": 100 * s, "b": problems.PAPER_START[0]} for s in (0.01, 0.5, 0.51, 1.0)},
        caption="Left: both weights over the first 60 steps. Right: the norm after 1000 and 1001 steps against λ, with "
        "the closed form. Where does it turn?",
        alt="Two panels. Left: one coordinate against the step, jumping between two dashed levels. Right: the final ℓ1 "
        "norm against λ at an even and an odd step, two sawtooth curves whose mean is a rising dotted line; the closed "
        "form lies on the simulation.",
    )


def step_reduction():
    """η divided by a factor after 200 steps of (8), for λ = 1 and a larger λ: sliders factor and λ."""
    switch, steps = 200, 400
    figure, ax = figures.new(size=(9, 4.2))
    ax.set(xlim=(0, steps), yscale="log", ylim=(1e-5, 100), xlabel="step k", ylabel="‖β‖₁")
    ax.axvline(switch, **THRESHOLD)
    ax.text(switch + 3, 40, "η is divided")
    curves = [ax.plot([], [], **style)[0] for style in (NGDM, NGDM_LARGE)]
    means = [ax.plot([], [], **THEORY)[0] for _ in curves]
    labels = [ax.text(switch / 2, 1, "", ha="center", va="bottom") for _ in curves]

    def update(factor, lam):
        ends = []
        for curve, mean, label, penalty in zip(curves, means, labels, (problems.PAPER_LAMS[0], lam), strict=True):
            rates = np.where(np.arange(steps) < switch, problems.PAPER_LR, problems.PAPER_LR / factor)
            run = trajectories.run(L1Norm(penalty), np.array(problems.PAPER_START), lambda k, r=rates: r[k], steps)
            before, after = (theory.band_mean_l1(2, rate, penalty) for rate in rates[[0, -1]])
            curve.set_data(run.steps, run.values / penalty)
            mean.set_data([0, switch, switch, steps], [before, before, after, after])
            label.set(y=2.2 * before, text=f"λ = {penalty:.3g}")
            ends.append(problems.last_norms(run))
        ax.title.set_text("after: " + "   against   ".join(f"{high:.5g} / {low:.5g}" for high, low in reversed(ends)))
        return *curves, *means, *labels, ax.title

    @goal(
        "(i) Lower the larger λ to about 2, and find a factor for which that run has, at one of its two steps, "
        "a norm below the lower one of λ = 1.",
        at={"factor": 1.35, "lam": 2.0},
    )
    def order_turned(factor, lam):
        rates = trajectories.step_decay(problems.PAPER_LR, switch, 1 / factor)
        runs = [trajectories.run(L1Norm(at), np.array(problems.PAPER_START), rates, steps) for at in (1.0, lam)]
        small, large = (min(problems.last_norms(run)) for run in runs)
        return 1.5 < lam < 2.5 and large < small

    return live(
        figure,
        update,
        goals=[order_turned],
        factor=log_slider("η is divided by", 3.0, 1, 100, meaning="factor"),
        lam=log_slider("larger λ", 100.0, 1, 1000, meaning="ℓ1 penalty of the second run"),
        marks={"paper: η/10, λ = 100": {"factor": 10.0, "lam": 100.0}, "η/100": {"factor": 100.0, "lam": 100.0}},
        play=curves,
        readings={"λ = 1: ‖β‖₁": curves[0], "larger λ: ‖β‖₁": curves[1]},
        caption="Two runs, λ = 1 and a larger λ; after 200 steps η is divided in both. Compare how far each level "
        "falls.",
        alt="The ℓ1 norm of two runs against the step, on a logarithmic scale. Both settle around a dashed level; when "
        "η is divided, both levels fall by the same factor.",
    )


def disguised_learning_rate():
    """(7) under λ = 1 and under another λ, holding either ηλ or η: slider λ and a choice."""
    # two starts with opposite signs and different residues: no curve hides the other
    steps, s, start = 60, 0.05, np.array([0.5053, -0.82])
    reference, lams = trajectories.run(L1Norm(1.0), start, s, steps), np.geomspace(0.05, 20, 60)
    figure, (path, band) = figures.new(2, size=(11, 4))
    path.set(xlim=(0, steps), ylim=(-1.1, 1.1), xlabel="step k", ylabel="β")
    path.plot(reference.steps, reference.iterates, color="0.6", linewidth=5, alpha=0.6)
    path.text(20, 0.85, "grey: λ = 1, η = 0.05", color="0.4")
    lines = path.plot(reference.steps, reference.iterates, **NGDM)
    band.set(xlim=(0.04, 25), ylim=(1e-3, 3), xlabel="λ", ylabel="final ‖β‖₁, two-step mean")
    band.loglog(lams, theory.band_mean_l1(2, s, lams), lams, theory.band_mean_l1(2, s / lams, lams), **THEORY)
    band.text(0.06, theory.band_mean_l1(2, s, 0.06) * 0.8, "η held", va="top")
    band.text(0.06, theory.band_mean_l1(2, s, 1.0) * 1.15, "ηλ held", va="bottom")
    (here,) = band.plot([], [], "o", color=NGDM["color"], markersize=9)

    def update(lam, hold):
        eta = s / lam if hold == "ηλ" else s
        run = trajectories.run(L1Norm(lam), start, eta, steps)
        for line, coordinate in zip(lines, run.iterates.T, strict=True):
            line.set_ydata(coordinate)
        here.set_data([lam], [problems.last_norms(run).mean()])
        gap = np.abs(run.iterates - reference.iterates).max()
        path.title.set_text(f"λ = {lam:.3g}, η = {eta:.3g}: largest gap to λ = 1 is {gap:.2g}")
        band.title.set_text(f"ηλ = {eta * lam:.3g}")
        return *lines, here, path.title, band.title

    @goal("Make the gap in the left title as large as you can while ηλ is held.", at={"lam": 11.0})
    def widest(lam, hold):
        gap = np.abs(trajectories.run(L1Norm(lam), start, s / lam, steps).iterates - reference.iterates).max()
        return hold == "ηλ" and gap > 9.5e-17  # no position of the slider has more than 9.7e-17

    return live(
        figure,
        update,
        goals=[widest],
        lam=log_slider("λ", 4.0, 0.05, 20, meaning="ℓ1 penalty"),
        hold=choice("hold", "ηλ", ["ηλ", "η"], meaning="what stays the same while λ moves"),
        marks={"λ = 20, ηλ held": {"lam": 20.0, "hold": "ηλ"}, "λ = 20, η held": {"lam": 20.0, "hold": "η"}},
        caption="Left: both weights for the chosen λ, over the grey trajectory of λ = 1. Right: where the run ends. "
        "Switch what is held while λ moves.",
        alt="Two panels. Left: both coordinates against the step for the chosen λ, over the grey trajectory of λ = 1. "
        "Right: the final ℓ1 norm against λ, flat when ηλ is held and rising when η is held; a dot marks the chosen λ.",
    )
