"""The sliders of notebook 2 on recorded networks: depth, activation, initialisation."""

import numpy as np

from ngdm_helpers import figures, theory
from ngdm_helpers.course import recorded
from ngdm_helpers.figures import BLUE, GREEN, NGDM, PURPLE, SMOOTH, THEORY, THRESHOLD, note
from ngdm_helpers.live import choice, goal, live, log_slider, select_slider

__all__ = ["activation_bridge", "recorded_depth", "recorded_gain"]

DATA = {"digits": "digits", "CIFAR-10": "cifar10"}  # label: name in the record
# the bridge z·Φ(sz): label and recorded name
STEEPNESS = {"1 (GELU)": "gelu", "3": "bridge-3", "10": "bridge-10", "100": "bridge-100", "∞ (ReLU)": "relu"}
ACTIVATION_LABELS = {  # label: (recorded name, whether it has a kink), by the share of the mean, probes.mean_share
    "tanh": ("tanh", False), "leaky": ("leaky", True), "GELU": ("gelu", False), "s = 3": ("bridge-3", False),
    "s = 10": ("bridge-10", False), "s = 100": ("bridge-100", False), "ReLU": ("relu", True), "|z|": ("abs", True),
}  # fmt: skip

CURVES = (  # name, style, label
    ("relu", NGDM, "ReLU"), ("gelu", SMOOTH, "GELU"), ("beta", {"color": BLUE, "linestyle": (0, (4, 2))}, "z·Φ(sz)"),
)  # fmt: skip


class _Losses:
    """A panel of recorded losses: medians over the seeds with a band from the lowest to the highest, as in `CURVES`."""

    def __init__(self, ax, curves):
        self.ax, self.curves = ax, {}
        # guessing among ten classes, log 10 = 2.3, with room above for a run that begins worse
        ax.set(ylim=(0, 2.8), xlabel="step k", ylabel="training loss")
        ax.axhline(recorded.CHANCE, **THRESHOLD, zorder=0.9)
        for name, style, label in curves:
            band = ax.fill_between([0, 1], [0, 0], color=style["color"], alpha=0.18, linewidth=0, zorder=1.5)
            self.curves[name] = band, *ax.plot([], [], **style, label=label)
        figures.legend(ax, loc="lower left")

    def show(self, runs, title):
        """Draw ``runs``, {name: (steps k (T,), losses (seeds, T))}; returns what moved."""
        for name, (band, line) in self.curves.items():
            k, losses = runs[name]
            # a polygon takes no infinity: 99 is far above the frame
            low, high = (np.where(np.isfinite(edge), edge, 99.0) for edge in (losses.min(axis=0), losses.max(axis=0)))
            band.set_verts([np.concatenate([np.stack([k, low], axis=1), np.stack([k, high], axis=1)[::-1]])])
            middle = np.median(losses, axis=0)
            line.set_data(k, np.where(np.isfinite(middle), middle, np.nan))
        # setting a limit, be it the same one, redraws everything
        if self.ax.get_xlim() != (0, k[-1]):
            self.ax.set_xlim(0, k[-1])
        self.ax.title.set_text(title)
        return [self.ax.title, *(artist for pair in self.curves.values() for artist in pair)]


def recorded_depth():
    """Recorded training of Appendix A's networks: depth, the bridge's s, η, initialisation and optimiser, data."""
    figure, (loss, speed) = figures.new(2, size=(11, 4.4), width_ratios=(1, 1.15))
    panel = _Losses(loss, CURVES)
    speed.set(xlim=(-0.6, len(ACTIVATION_LABELS) - 0.4), ylim=(0, 2.8), ylabel="mean loss of the run")
    speed.set_xticks(range(len(ACTIVATION_LABELS)), list(ACTIVATION_LABELS), rotation=30)
    speed.axhline(recorded.CHANCE, **THRESHOLD, zorder=0.9)
    groups = []
    for kinked, x, text, color in ((False, 0.02, "smooth", SMOOTH["color"]), (True, 0.2, "with a kink", NGDM["color"])):
        note(speed, x, 0.97, text, va="top", color=color, weight="bold")
        places = {name: place for place, (name, kink) in enumerate(ACTIVATION_LABELS.values()) if kink == kinked}
        (dots,) = speed.plot([], [], ".", color=color, markersize=9)
        (bars,) = speed.plot([], [], "_", color=color, markersize=26, markeredgewidth=2.5)
        groups.append((places, dots, bars))
    names, shown = {name: setup for setup, name in recorded.SETUPS.items()}, list(recorded.SETUPS.values())

    def recorded_at(data, setup, rate, depth):
        """η, and the runs of every activation."""
        data, setup = DATA[data], names[setup]
        rates = sorted({s[3] for s in recorded.depth_settings(data) if s[:3] == (*setup, 1.0)})
        lr = rates[("low", "middle", "high").index(rate)]
        return lr, {name: recorded.depth_run(data, depth, name, *setup, lr) for name, _ in ACTIVATION_LABELS.values()}

    @goal(
        "(i) Find a setting in which ReLU leads GELU for all three seeds.",
        at={"setup": "variance-preserving, SGD", "rate": "low", "depth": 19},
    )
    def relu_leads(data, setup, rate, depth):
        runs = recorded_at(data, setup, rate, depth)[1]
        ahead = np.subtract(*(recorded.mean_loss(runs[name][1]) for name in ("relu", "gelu")))
        return bool((ahead < -0.01).all())

    def update(data, setup, rate, depth, steepness):
        lr, runs = recorded_at(data, setup, rate, depth)
        moved = panel.show({**runs, "beta": runs[STEEPNESS[steepness]]}, f"VGG{depth}, η = {lr:g}, s = {steepness}")
        means = {name: recorded.mean_loss(losses) for name, (_, losses) in runs.items()}
        for places, dots, bars in groups:
            dots.set_data(np.repeat([*places.values()], len(means["relu"])), np.ravel([means[name] for name in places]))
            bars.set_data([*places.values()], [np.median(means[name]) for name in places])
            moved += [dots, bars]
        ahead = np.median(means["relu"] - means["gelu"])
        speed.title.set_text(f"ReLU minus GELU: {ahead:+.2f}".replace("-", "−"))
        return [*moved, speed.title]

    return live(
        figure,
        update,
        data=choice("data", "digits", list(DATA), meaning="what is learned"),
        setup=choice("start and optimiser", shown[0], shown, meaning="initialisation and optimiser"),
        rate=select_slider("η", "middle", ["low", "middle", "high"], meaning="learning rate, three for each optimiser"),
        steepness=select_slider("s", "10", list(STEEPNESS), meaning="z·Φ(sz), from GELU to ReLU"),
        depth=select_slider("depth", 13, list(recorded.DEPTHS), meaning="VGG11, VGG13 or VGG19 of Appendix A"),
        goals=[relu_leads],
        marks={f"VGG{d}, {way}": {"depth": d, "setup": way, "rate": "middle"} for way in shown[:2] for d in (11, 19)},
        background=("data", "setup"),
        caption="Medians of three seeds; bands and dots show every seed. Left: does the dashed curve follow GELU or "
        "ReLU as s grows? Right: do the smooth and the kinked activations form two groups?",
        alt="Two panels. Left: the training loss against the step for ReLU, GELU and a point on the bridge between "
        "them, each a median with a band. Right: the mean loss of each seed and the median for eight activations; "
        "smooth and kinked ones, told apart by colour, are mixed.",
    )


def recorded_gain():
    """ReLU against GELU on digits as the weights start smaller: sliders depth and initialisation gain."""
    sgd, lr = ("variance-preserving", "sgd"), 0.01
    gains = sorted({s[2] for s in recorded.depth_settings("digits") if s[:2] == sgd and s[3] == lr})
    figure, (loss, gap) = figures.new(2, size=(11, 4.2))
    panel = _Losses(loss, CURVES[:2])
    gap.set(xlim=(min(gains) - 0.03, 1.17), ylim=(-1, 1), xlabel="gain", ylabel="mean loss, ReLU − GELU")
    gap.axhline(0, **THRESHOLD)
    for depth, color in zip(recorded.DEPTHS, (GREEN, BLUE, PURPLE), strict=True):
        runs = [[recorded.depth_run("digits", depth, name, *sgd, lr, g)[1] for g in gains] for name in panel.curves]
        differences = np.subtract(*recorded.mean_loss(np.array(runs)))
        gap.fill_between(gains, differences.min(axis=1), differences.max(axis=1), color=color, alpha=0.2, linewidth=0)
        gap.plot(gains, np.median(differences, axis=1), marker="o", color=color, label=f"VGG{depth}")
    figures.legend(gap, loc="upper right")
    note(gap, 0.1, 0.96, "above 0: GELU is faster", va="top")
    here = gap.axvline(1, **THEORY)

    def update(gain, depth):
        here.set_xdata([gain, gain])
        runs = {name: recorded.depth_run("digits", depth, name, *sgd, lr, gain) for name in panel.curves}
        return here, *panel.show(runs, f"VGG{depth}, weights × {gain:g}")

    return live(
        figure,
        update,
        gain=select_slider("gain", 1.0, gains, meaning="factor on every variance-preserving weight"),
        depth=select_slider("depth", 13, list(recorded.DEPTHS), meaning="VGG11, VGG13 or VGG19 of Appendix A"),
        marks={f"VGG{depth}, gain {gains[0]:g}": {"depth": depth, "gain": gains[0]} for depth in recorded.DEPTHS},
        caption="Left: training at one gain and depth. Right: who leads at each gain, a curve for each depth.",
        alt="Two panels. Left: the training loss of ReLU and GELU against the step, medians with bands. Right: the "
        "difference of their mean losses against the gain, a curve with a band for each depth.",
    )


def activation_bridge():
    """z·Φ(sz) from GELU to ReLU: slider s; its shape, and L against the distance from ReLU."""
    z, all_s = np.linspace(-3, 3, 1201), np.geomspace(0.3, 1000, 100)
    figure, (shape, trade) = figures.new(2, size=(11, 4.2))
    shape.set(xlim=(-3, 3), ylim=(-0.4, 3), xlabel="z", ylabel="activation")
    shape.plot(z, np.maximum(z, 0), color=NGDM["color"], linewidth=6, alpha=0.35)
    (curve,) = shape.plot([], [], color=PURPLE)
    note(shape, 0.03, 0.97, "broad: ReLU\nnarrow: z·Φ(sz)", va="top")
    trade.set(xscale="log", yscale="log", xlim=(0.3, 1000), ylim=(1e-4, 1e3), xlabel="s")
    trade.plot(all_s, theory.bridge_smoothness(all_s), all_s, theory.bridge_gap(all_s), **THEORY)
    (dots,) = trade.plot([], [], "o", color=PURPLE, markersize=9)
    trade.text(0.4, 100, "largest curvature 2s/√(2π)", va="bottom")
    trade.text(0.4, 1e-3, "largest distance from ReLU 0.17/s", va="top")

    def update(s):
        curve.set_data(z, z * theory.normal_cdf(s * z))
        steep = np.linspace(-5, 5, 2001) / s  # where the bend is, whatever s
        bent = steep * theory.normal_cdf(s * steep)
        bend = float(np.abs(np.diff(bent, 2)).max() / (steep[1] - steep[0]) ** 2)
        gap = float(np.abs(bent - np.maximum(steep, 0)).max())
        dots.set_data([s, s], [bend, gap])
        shape.title.set_text(f"s = {s:.3g}: analytic, and at most {gap:.2g} from ReLU")
        trade.title.set_text(f"largest curvature {bend:.3g}, distance {gap:.2g}")
        return curve, shape.title, dots, trade.title

    return live(
        figure,
        update,
        s=log_slider("s", 1.0, 0.3, 1000, meaning="sharpness of the bend"),
        marks={"GELU: s = 1": {"s": 1.0}, **{f"s = {b}": {"s": float(b)} for b in (3, 10, 100, 1000)}},
        caption="Left: the activation over ReLU. Right: its largest curvature and its distance from ReLU, against s. "
        "Does anything happen at some s?",
        alt="Two panels. Left: ReLU and the bridge activation, which hugs it more closely as s grows. Right: two "
        "straight dashed lines against s on logarithmic scales, one rising, one falling, with a dot on each.",
    )
