"""Claims C5–C13 of notebook 2: depth and activation, and what is proved of losses with kinks."""

import numpy as np

from ngdm_helpers import theory
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.course.claims.ledger import Measured, claim


@claim(
    "C5", where="Fig. 2", paper="a widening gap", verdict="imprecise", source="reconstructed",
    says="GELU networks converge faster than ReLU ones, by a gap that widens with depth, because depth adds "
    "non-smoothness",
    because="it widens at some learning rates and not at others; differentiability is not its cause: the analytic "
    "z·Φ(100z) goes with ReLU, not with GELU",
)  # fmt: skip
def _figure_2():
    settings, long = recorded.learning_settings(), recorded.long_settings()
    gaps = {setting: recorded.relu_minus_gelu(*setting)[0] for setting in settings}
    wide = [setting for setting in settings if recorded.gap_widens(gaps[setting])]
    near, total = recorded.nearer_to_relu(long)
    by_data = []
    for data in recorded.LONGEST:
        means = (np.median(recorded.longest_means(data, name), axis=1) for name in ("relu", "bridge-100", "gelu"))
        medians = ("{:.2f} / {:.2f} / {:.2f}".format(*at_depths) for at_depths in means)
        by_data.append("{}: ReLU {}, s = 100 {}, GELU {}".format(data, *medians))
    ours = (
        f"recorded: GELU's lead widens up to depth 19 in {len(set(wide) & set(long))} of {len(long)} settings with "
        f"long runs, in {len(set(wide) - set(long))} of {len(settings) - len(long)} with short ones; where ReLU and "
        f"GELU are apart in long runs, z·Φ(100z) is nearer to ReLU in {near} of {total} places. SGD, η = 0.01, mean "
        f"loss at depths 11 / 13 / 19 on {'; '.join(by_data)}"
    )
    return Measured(ours, 0 < len(wide) < len(settings) and near > 0.9 * total)


@claim(
    "C6", where="Section 2", paper="a similar trend", verdict="not checkable",
    says="Hendrycks & Gimpel's figures show the same trend: smooth GELU networks converge faster",
    because="we have read their abstract, not their figures. It reports gains over ReLU and over ELU alike, and ELU "
    "has a continuous slope: what they compare is shapes, not a kink and its absence",
)  # fmt: skip
def _activations():
    z, h = np.linspace(-8, 8, 160_001), 1e-6
    relu = np.maximum(z, 0)
    shapes = {
        "ReLU": lambda z: max(z, 0.0),
        "ELU": lambda z: z if z > 0 else np.expm1(z),
        "GELU": lambda z: z * theory.normal_cdf(z),
    }
    jumps = {name: abs(phi(h) + phi(-h) - 2 * phi(0.0)) / h for name, phi in shapes.items()}
    bridge = {beta: z * theory.normal_cdf(beta * z) for beta in (1.0, 100.0)}
    gaps = {beta: float(np.abs(phi - relu).max()) for beta, phi in bridge.items()}
    weight = np.exp(-(z**2) / 2)
    gains = [float((weight * phi**2).sum() / weight.sum()) for phi in (relu, *bridge.values())]
    ours = (
        f"jump of the slope at 0: {', '.join(f'{name} {jump:.3f}' for name, jump in jumps.items())}. "
        f"GELU is up to {gaps[1.0]:.2f} from ReLU, and its mean square on N(0, 1) is {gains[1]:.3f}, ReLU's "
        f"{gains[0]:.3f}; the smooth z·Φ(100z) is within {gaps[100.0]:.4f} of ReLU, mean square {gains[2]:.3f}"
    )
    close = all(abs(gap - theory.bridge_gap(beta)) < 1e-6 for beta, gap in gaps.items())
    close &= abs(gains[2] - gains[0]) < 1e-4 < 0.05 < gains[0] - gains[1]
    return Measured(ours, close and jumps["ReLU"] == 1 and max(jumps["ELU"], jumps["GELU"]) < 1e-5)


@claim(
    "C7", where="App. A", paper="three changes", verdict="imprecise",
    says="kuangliu's VGG with three changes: no batch normalisation, average pooling, fewer channels",
    because="with the printed channels a fourth is forced: Linear(512, 10) becomes Linear(64, 10)",
)  # fmt: skip
def _architecture():
    from ngdm_helpers import networks

    layers = {depth: [part for part in networks.vgg(depth) if hasattr(part, "weight")] for depth in recorded.DEPTHS}
    features = {weighted[-1].in_features for weighted in layers.values()}
    counts = ", ".join(f"VGG{depth} {len(weighted)}" for depth, weighted in layers.items())
    ours = f"features after the last pool: {', '.join(map(str, features))}; layers with weights: {counts}"
    return Measured(ours, features == {64})


TRIPLE = ("relu", "bridge-100", "gelu")
TUNED = (("variance-preserving", "sgd"), ("default", "adam"))  # on digits, 3000 steps, three rates each


@claim(
    "C8", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours) with the best learning rate for each activation and depth, GELU's lead is gone at VGG19",
    because="one rate for both compares rates as well: the best falls with depth, and sooner for ReLU. Three rates and "
    "three seeds were recorded; at VGG19 the best is mostly the smallest of them",
)  # fmt: skip
def _tuned():
    words, leads = [], []
    for setup in TUNED:
        relu, analytic, gelu = (recorded.tuned_means("digits", *setup, 3000, name)[0] for name in TRIPLE)
        leads.append((relu - gelu > 0.01).sum(axis=1))
        medians = ["{:.2f} / {:.2f} / {:.2f}".format(*np.median(means, axis=1)) for means in (relu, analytic, gelu)]
        words.append(
            f"{recorded.SETUPS[setup]}: ReLU {medians[0]}, s = 100 {medians[1]}, GELU {medians[2]}, GELU ahead for "
            "{} / {} / {} of 3 seeds".format(*leads[-1])
        )
    ours = f"recorded, digits, 3000 steps, median mean loss at depths 11 / 13 / 19, {'; '.join(words)}"
    return Measured(ours, all(lead[0] == 3 and lead[2] < 2 for lead in leads))


@claim(
    "C9", where="Fig. 2", paper="similarly shaped", verdict="imprecise",
    says="GELU is similarly shaped and asymptotically equivalent, so that Figure 2 isolates what smoothness does",
    because="deep random networks tell them apart: ReLU's correlation map has its fixed point at 1 and slope 1 there, "
    "GELU's below 1 and a slope above 1, so its gradients grow with depth (Poole et al. 2016, Schoenholz et al. 2017: "
    "not read, their maps computed); the analytic z·Φ(100z) goes with ReLU. Infinite width, no training",
)  # fmt: skip
def _mean_field():
    table = problems.deep_correlations()
    names = {"tanh": "tanh", "leaky": "leaky", "gelu": "GELU", "bridge-100": "s = 100", "relu": "ReLU", "abs": "|z|"}
    words = ("{} {:.2f}, {:.2f}, {:.3f}, {:.1f}".format(label, *table[name]) for name, label in names.items())
    ours = f"correlation 0.6 after 16 layers, fixed point, slope χ at 1, χ¹⁶: {'; '.join(words)}"
    (relu, _, _, grown), analytic, gelu = (table[name] for name in TRIPLE)
    supports = abs(grown - 1) < 1e-3 and gelu[3] > 2.5 and abs(analytic[0] - relu) < 0.01 < relu - gelu[0]
    return Measured(ours, supports and 0.7 < gelu[1] < 0.8)


@claim(
    "C10", where="Fig. 2", paper="greater non-smoothness", verdict="holds if…",
    says="increased depth introduces greater non-smoothness into the system",
    because="counted as kinks that a step crosses, it does at the start of training: there are more of them. That this "
    "slows training does not follow: the analytic z·Φ(100z), which has none, goes with ReLU (row C5)",
)  # fmt: skip
def _kinks_crossed():
    from ngdm_helpers import data
    from ngdm_helpers.course import probes

    X, y = data.images("digits")
    found = {depth: probes.kinks_crossed(depth, X, y, steps=3) for depth in (11, 19)}
    crossed = {depth: count * float(shares.mean()) for depth, (count, shares) in found.items()}
    words = (
        f"VGG{depth} {crossed[depth]:.0f} of {count} ({100 * shares.mean():.1f} %)"
        for depth, (count, shares) in found.items()
    )
    ours = f"ReLUs of an image that change sides in a step, mean of the first 3 (SGD, η = 0.01): {', '.join(words)}"
    return Measured(ours, crossed[19] > 1.5 * crossed[11])


@claim(
    "C11", where="Section 2", paper="local optimal", verdict="wrong",
    says="Davis et al. (2020) show that NGDM with diminishing steps converges to a local optimal solution",
    because="their abstract says that limit points are first-order stationary (Clarke's sense). Such a point need not "
    "be a local minimum, and the method may go there from an open set of starts",
)  # fmt: skip
def _stationary():
    ends = problems.inflection_ends()
    far, lower = float(np.abs(ends).max()), -(1.0**3) / 3 + 1 / 4  # f(0, −1)
    ours = (
        f"|β₁| + β₂³/3 + β₂⁴/4, η = ½/(k + 1)^0.6, 1000 starts with β₂ > 0: after 5000 steps all within {far:.3f} of "
        f"(0, 0), Clarke-stationary with f = 0, β₂ > 0 still; f(0, −1) = −{-lower:.3f}"
    )
    return Measured(ours, far < 0.05 and float(ends[:, 1].min()) > 0 > lower)


@claim(
    "C12", where="Section 2", paper="rarely satisfied", verdict="imprecise",
    says="the regularity conditions of Davis et al. (2020) are rarely satisfied in practice",
    because="the condition on the loss holds for all usual networks, as their abstract says; what may fail is that on "
    "the steps, the paper's own example (row P4), and that iterates stay bounded, which cross-entropy does not ensure",
)  # fmt: skip
def _regularity():
    across, along = problems.chain_rule_gap()
    sizes = [problems.logistic_weight(steps) for steps in (100, 1000, 10_000)]
    ours = (
        f"the chain rule that they need, on a ReLU neuron with kinks that bend up and down: f moves along 50 segments "
        f"as the sum of ⟨g, step⟩ says, to {across:.0e}, on 50 along a kink to {along:.0e}; separable logistic loss: "
        f"w = {sizes[0]:.2f}, {sizes[1]:.2f}, {sizes[2]:.2f} after 10², 10³, 10⁴ steps of η = (k + 1)^−0.6"
    )
    return Measured(ours, max(across, along) < 1e-2 and sizes[2] - sizes[1] > 0.8 * (sizes[1] - sizes[0]) > 0.5)


@claim(
    "C13", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours; after Josz and Lai 2022, abstract read) a strict local minimum captures NGDM with small steps",
    because="for locally Lipschitz semi-algebraic losses a strict local minimum is stable: from nearby, with a small "
    "enough η, the iterates stay as near as one asks, with kinks or without. On a kink they stay off it, by about η",
)  # fmt: skip
def _captured():
    rates = (0.1, 0.03, 0.01)
    kinked = [problems.capture_distances(lr, True) for lr in rates]
    smooth = problems.capture_distances(rates[0], False)
    bands = ", ".join(f"{late / lr:.2f}η" for lr, (_, late) in zip(rates, kinked, strict=True))
    ours = (
        f"|uv − 1| + (u² + v²)/20 from 1000 starts within 0.5 of (1, 1), η = 0.1, 0.03, 0.01: never farther than "
        f"{', '.join(f'{ever:.2f}' for ever, _ in kinked)}, in the end within {bands}; with ½(uv − 1)² within "
        f"{smooth[1]:.0e} of its minimum"
    )
    return Measured(ours, all(ever < 0.55 and late < 2 * lr for lr, (ever, late) in zip(rates, kinked, strict=True)))
