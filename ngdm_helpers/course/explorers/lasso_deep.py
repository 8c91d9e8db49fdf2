"""The sliders of notebook 3 on deep networks: the law of the band, and recorded fine-tuning with an ℓ1 penalty."""

import numpy as np

from ngdm_helpers import figures, theory
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.figures import ADAM, BLUE, GREEN, MOMENTUM, NGDM, ORANGE, PROXIMAL, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, select_slider

__all__ = ["band_law", "fine_tuned_mlp", "recorded_vgg16"]

OPTIMIZERS = {  # label: recorded method and style
    "SGD": ("sgd", NGDM), "momentum 0.9": ("momentum", MOMENTUM), "Adam": ("adam", ADAM),
    "proximal SGD": ("proximal", PROXIMAL),
}  # fmt: skip
RING = {"linestyle": "none", "marker": "o", "markerfacecolor": "none", "markeredgecolor": "black"}


def band_law():
    """Nηλ/2 and the share of weights below 1e-5: sliders N, η, λ; Appendix B's values as marks."""
    # 20 000 weights: their shares reach down to 5e-5, the foot of the frame
    start = np.abs(np.random.default_rng(0).normal(0, 0.1, 20_000))
    shares, lams = np.arange(1, start.size + 1) / start.size, np.array([1e-4, 10])
    figure, (norm, inside) = figures.new(2, size=(11, 4))
    norm.set(xscale="log", yscale="log", xlim=(1e-4, 10), ylim=(1e-8, 1e10), xlabel="λ", ylabel="two-step mean of ‖β‖₁")
    (law,) = norm.plot([], [], **THEORY)
    norm.plot(0.1, problems.PAPER_NORM, "*", color=NGDM["color"], markersize=14)
    note(norm, 0.03, 0.97, "- - -  Nηλ/2\n★  printed, λ = 0.1", va="top")
    inside.set(xscale="log", yscale="log", xlim=(1e-9, 10), ylim=(3e-5, 3), xlabel="threshold", ylabel="share below it")
    (simulated,), (uniform,) = inside.plot([], [], **NGDM, linewidth=3), inside.plot([], [], **THEORY)
    inside.axvline(problems.PAPER_THRESHOLD, **THRESHOLD)
    here, crossing = (ax.plot([], [], **RING, markersize=11)[0] for ax in (norm, inside))
    note(inside, 0.97, 0.03, "—  20 000 weights\n- - -  threshold / ηλ\n· · ·  10⁻⁵", ha="right")

    def update(N, eta, lam):
        N, s = round(N), eta * lam
        law.set_data(lams, theory.band_mean_l1(N, eta, lams))
        mean = theory.band_mean_l1(N, eta, lam)
        here.set_data([lam], [mean])
        digits = ",.2f" if mean >= 1 else ".3g"
        norm.title.set_text(f"Nηλ/2 = {mean:{digits}} ± {theory.band_sd_l1(N, eta, lam):.2g}")
        simulated.set_data(np.sort(np.abs(theory.orbit(start, eta, lam)[0])), shares)
        uniform.set_data([1e-9, s, 10], [1e-9 / s, 1, 1])
        share = theory.band_share(problems.PAPER_THRESHOLD, eta, lam)
        crossing.set_data([problems.PAPER_THRESHOLD], [share])
        inside.title.set_text(f"ηλ = {s:.3g}; {100 * share:.3g} % below 10⁻⁵")
        return law, here, norm.title, simulated, uniform, crossing, inside.title

    paper, two = {"N": problems.VGG16_PARAMETERS, "eta": 0.01, "lam": 0.1}, {"N": 2, "eta": 0.01, "lam": 1.0}

    @goal(
        "Keep λ at 0.005 or more, and find a setting in which *all* weights are below 10⁻⁵.",
        at={"eta": 0.001, "lam": 0.01},
    )
    def all_small(eta, lam):
        return lam >= 0.005 and theory.band_share(problems.PAPER_THRESHOLD, eta, lam) == 1

    return live(
        figure,
        update,
        # it does not open on the paper's setting, which answers the vote above it
        N=log_slider("N", 1000, 2, 1e9, meaning="number of weights"),
        eta=log_slider("η", 0.01, 1e-3, 0.1, meaning="learning rate"),
        lam=log_slider("λ", 1.0, 1e-4, 10, meaning="ℓ1 penalty"),
        goals=[all_small],
        marks={"Appendix B: λ = 0.1": paper, "λ = 0.001": paper | {"lam": 0.001}, "two weights": two},
        caption="Left: a law for the norm against λ, and the printed norm. Right: the share of weights below a "
        "threshold, of 20 000 weights and by the law. Change one of N, η, λ at a time.",
        alt="Two panels. Left: the line Nηλ/2 against λ on logarithmic scales, with the printed value as a star on it. "
        "Right: the share of weights below a threshold, rising in proportion to it and reaching 1 at ηλ; a dotted line "
        "at 1e-5.",
    )


def fine_tuned_mlp():
    """The recorded fine-tuning of a small network on digits: a choice of optimizer, a slider over the recorded λ."""
    runs = recorded.mlp_runs()  # over several seeds
    floor = 0.05  # where a norm of 0 is drawn
    lams, one = sorted({lam for _, lam in runs}), next(iter(runs.values()))
    N, steps, seeds = one[0]["parameters"], one[0]["steps"], len(one)
    figure, (time, norm, right) = figures.new(3, size=(12, 4.2))
    time.set(xscale="symlog", xlim=(0, steps), yscale="log", ylim=(floor, 3e4), xlabel="step k", ylabel="‖β‖₁")
    time.set_xticks([0, 1, 10, 100, 1000, steps])
    curves = [time.plot([], [], linewidth=1)[0] for _ in range(seeds)]
    (law,) = time.plot([], [], **THEORY)
    note(time, 0.03, 0.03, f"{seeds} seeds", va="bottom")
    for name, (method, style) in OPTIMIZERS.items():
        for ax, field, least in ((norm, "mean", floor), (right, "accuracy", 0)):
            values = np.maximum([[row[field] for row in runs[method, lam]] for lam in lams], least)
            ax.plot(lams, np.median(values, axis=1), marker=".", **style, label=name)
            ax.fill_between(lams, values.min(axis=1), values.max(axis=1), color=style["color"], alpha=0.2, linewidth=0)
    norm.plot(lams, theory.band_mean_l1(N, one[0]["lr"], lams), **THEORY)
    norm.set(xscale="log", yscale="log", ylim=(floor, 3e4), xlabel="λ", ylabel=f"‖β‖₁ after {steps} steps")
    note(norm, 0.03, 0.97, "- - -  Nηλ/2, η = 0.01\n0 is drawn at the bottom", va="top")
    right.axhline(np.median([row["accuracy_before"] for row in one]), **THRESHOLD)
    right.set(xscale="log", ylim=(0, 1.05), xlabel="λ", ylabel="test accuracy: medians, range")
    figures.legend(right, loc="center right")
    rings = [ax.plot([], [], **RING, markersize=12)[0] for ax in (norm, right)]

    def update(optimizer, lam):
        method, style = OPTIMIZERS[optimizer]
        rows = runs[method, lam]
        for curve, row in zip(curves, rows, strict=True):
            curve.set(color=style["color"], linestyle=style["linestyle"])
            curve.set_data(row["curve"]["steps"], np.maximum(row["curve"]["values"], floor))
        eta = rows[0]["lr"]
        # momentum and proximal SGD have no law here: no line
        level = {"adam": problems.ADAM_BAND * N * eta, "sgd": theory.band_mean_l1(N, eta, lam)}.get(method, np.nan)
        law.set_data([0, steps], [level, level])
        fields = ("mean", "zeros", "inside", "accuracy")
        mean, zeros, inside, accuracy = np.median([[row[field] for field in fields] for row in rows], axis=0)
        rings[0].set_data([lam], [max(mean, floor)])
        rings[1].set_data([lam], [accuracy])
        time.title.set_text(f"{optimizer}, η = {eta:g}, λ = {lam:g}")
        norm.title.set_text(f"{mean:.4g};   exactly 0: {zeros / N:.1%}")
        right.title.set_text(f"accuracy {accuracy:.3f};   below ηλ: {inside / N:.1%}")
        return *curves, law, *rings, time.title, norm.title, right.title

    @goal(
        "Find the run with the most exact zeros among those above 90 % accuracy.",
        at={"optimizer": "proximal SGD", "lam": 0.01},
    )
    def sparsest(optimizer, lam):
        medians = {
            key: np.median([[row["zeros"], row["accuracy"]] for row in rows], axis=0) for key, rows in runs.items()
        }
        best = max((key for key, (_, accuracy) in medians.items() if accuracy > 0.9), key=lambda key: medians[key][0])
        return (OPTIMIZERS[optimizer][0], lam) == best

    return live(
        figure,
        update,
        goals=[sparsest],
        optimizer=choice("optimizer", "SGD", list(OPTIMIZERS), meaning="the update rule"),
        # not the λ that the vote above asks for
        lam=select_slider("λ", lams[0], lams, meaning="ℓ1 penalty"),
        marks={
            "paper's λ": {"optimizer": "SGD", "lam": 0.1},
            **{f"λ = 1, {name}": {"optimizer": name, "lam": 1.0} for name in ("SGD", "Adam")},
        },
        caption="Left: the norm while training. Middle and right: norm and test accuracy at the end, against λ. Read "
        "both at the same λ: what has become of the network where the norm of SGD rises?",
        alt="Three panels. Left: the ℓ1 norm against the step for one optimizer and λ, a line for each seed, falling "
        "to a dashed level. Middle: the final norm against λ for four optimizers; only SGD and momentum rise again at "
        "large λ. Right: test accuracy against λ, near 1 at small λ and at one tenth at large λ. Shaded: the range "
        "over seeds.",
    )


def recorded_vgg16():
    """Recorded runs of Appendix B at full size: a choice of run."""
    names = {method: name for name, (method, _) in OPTIMIZERS.items()}
    rows = sorted(recorded.load("vgg16_l1"), key=lambda row: (list(names).index(row["method"]), row["lam"]))
    runs = {f"{names[row['method']]}, λ = {row['lam']:g}": row for row in rows}
    last = max(row["steps"] for row in rows)
    figure, (norm, share) = figures.new(2, size=(11, 4))
    norm.set(xscale="symlog", xlim=(0, last), yscale="log", ylim=(10, 3e6), xlabel="step k", ylabel="‖β‖₁")
    note(norm, 0.03, 0.05, f"- - -  SGD: Nηλ/2;  Adam: {problems.ADAM_BAND}Nη")
    (values,), (law,) = norm.plot([], []), norm.plot([], [], **THEORY)
    share.set(xscale="symlog", xlim=(0, last), ylim=(0, 1.02), xlabel="step k", ylabel="share of the weights")
    colors = {"below ηλ": BLUE, "below 10⁻⁵": ORANGE, "exactly 0": GREEN}
    shares = [share.plot([], [], color=color, label=label)[0] for label, color in colors.items()]
    figures.legend(share, loc="center left")

    def update(run):
        row = runs[run]
        y, style = np.array(row["curves"]["norm"]["values"]), OPTIMIZERS[names[row["method"]]][1]
        values.set(color=style["color"], linestyle=style["linestyle"])
        # a norm below the frame, of weights that are all but gone, is drawn at its foot
        values.set_data(np.arange(len(y)) * row["curves"]["norm"]["every"], np.maximum(y, 10))
        levels = {"sgd": row["law"], "adam": problems.ADAM_BAND * row["parameters"] * row["lr"]}
        law.set_data([0, last], [levels.get(row["method"], np.nan)] * 2)
        steps, zeros, small, inside = np.array(row["curves"]["census"]).T
        for line, counts in zip(shares, (inside, small, zeros), strict=True):
            line.set_data(steps, counts / row["parameters"])
        norm.title.set_text(f"{run}: ends at {row['mean']:.2f}")
        share.title.set_text(f"test accuracy {row['accuracy_before']:.3f} before, {row['accuracy']:.3f} after")
        return values, law, norm.title, *shares, share.title

    return live(
        figure,
        update,
        run=choice("run", "SGD, λ = 0.1", list(runs), meaning="update rule and penalty of a recorded run"),
        marks={run: {"run": run} for run in ("SGD, λ = 0.001", "SGD, λ = 0.1", "SGD, λ = 1", "Adam, λ = 0.1")},
        caption="Left: the norm of VGG16 against the step, and the law. Right: the share of its 138 357 544 weights "
        "in the band, below 10⁻⁵, and at exactly 0. Compare the two λ under SGD.",
        alt="Two panels. Left: the ℓ1 norm of VGG16 against the step, falling to a dashed level. Right: the share of "
        "its weights below ηλ, below 1e-5 and exactly 0 against the step.",
    )
