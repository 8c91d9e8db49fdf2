"""Claims C5–C7 of notebook 2: depth and activation."""

import numpy as np

from ngdm_helpers import theory
from ngdm_helpers.course import recorded
from ngdm_helpers.course.claims.ledger import Measured, claim


@claim(
    "C5", where="Fig. 2", paper="a widening gap", verdict="imprecise", source="reconstructed",
    says="GELU networks converge faster than ReLU ones, by a gap that widens with depth, because depth adds "
    "non-smoothness",
    because="it widens at some learning rates and not at others; differentiability is not its cause: the analytic "
    "x·Φ(100x) goes with ReLU, not with GELU",
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
        by_data.append("{}: ReLU {}, β = 100 {}, GELU {}".format(data, *medians))
    ours = (
        f"recorded: GELU's lead widens up to depth 19 in {len(set(wide) & set(long))} of {len(long)} settings with "
        f"long runs, in {len(set(wide) - set(long))} of {len(settings) - len(long)} with short ones; where ReLU and "
        f"GELU are apart in long runs, x·Φ(100x) is nearer to ReLU in {near} of {total} places. SGD, η = 0.01, mean "
        f"loss at depths 11 / 13 / 19 on {'; '.join(by_data)}"
    )
    return Measured(ours, 0 < len(wide) < len(settings) and near > 0.9 * total)


@claim(
    "C6", where="Section 2", paper="a similar trend", verdict="imprecise",
    says="Hendrycks & Gimpel's figures show the same trend: smooth GELU networks converge faster",
    because="ReLU against GELU compares two shapes and two gains, not a kink and its absence: a smooth activation can "
    "be as close to ReLU as one likes (their figures were not at hand)",
)  # fmt: skip
def _activations():
    z = np.linspace(-8, 8, 160_001)
    relu = np.maximum(z, 0)
    bridge = {beta: z * theory.normal_cdf(beta * z) for beta in (1.0, 100.0)}
    gaps = {beta: float(np.abs(phi - relu).max()) for beta, phi in bridge.items()}
    weight = np.exp(-(z**2) / 2)
    gains = [float((weight * phi**2).sum() / weight.sum()) for phi in (relu, *bridge.values())]
    ours = (
        f"GELU is up to {gaps[1.0]:.2f} from ReLU, and its mean square on N(0, 1) is {gains[1]:.3f}, ReLU's "
        f"{gains[0]:.3f}; the smooth z·Φ(100z) is within {gaps[100.0]:.4f} of ReLU, mean square {gains[2]:.3f}"
    )
    close = all(abs(gap - theory.bridge_gap(beta)) < 1e-6 for beta, gap in gaps.items())
    return Measured(ours, close and abs(gains[2] - gains[0]) < 1e-4 < 0.05 < gains[0] - gains[1])


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
