"""The claims of notebook 3 on deep networks: rows of L7–L10."""

from ngdm_helpers import records, theory
from ngdm_helpers.claims.table import Claim, Measured

VGG16_PARAMETERS = 138_357_544  # of torchvision's VGG16
PAPER_NORM, PAPER_SMALL_NORM = 69178.44, 2113.83  # the two printed norms, λ = 0.1 and a smaller λ
PAPER_RATE, PAPER_LAM = 0.01, 0.1
SMALL_LAM = 0.001  # our choice for the smaller λ, which our copy of the paper has lost
SMALL = 1e-5  # the threshold at which the paper counts
ADAM_BAND = 0.127  # mean |β| in units of η once Adam has settled on a pure ℓ1 penalty, whatever λ


def vgg16_runs():
    """The recorded runs of VGG16, {(method, λ): row}."""
    return {(row["method"], row["lam"]): row for row in records.load("vgg16_l1")}


def mlp_runs():
    """The recorded runs of the small network, {(method, λ): [a row for each seed]}."""
    runs = {}
    for row in sorted(records.load("mlp_l1"), key=lambda row: row["seed"]):
        runs.setdefault((row["method"], row["lam"]), []).append(row)
    return runs


def ends(rows, field, digits=3):
    """The values of ``field`` over seeds, as (smallest, largest, words such as "0.945–0.961")."""
    values = [row[field] for row in rows]
    low, high = (f"{end:.{digits}f}" for end in (min(values), max(values)))
    return min(values), max(values), low if low == high else f"{low}–{high}"


def _printed_norm():
    law = theory.band_mean_l1(VGG16_PARAMETERS, PAPER_RATE, PAPER_LAM)
    deviation = theory.band_sd_l1(VGG16_PARAMETERS, PAPER_RATE, PAPER_LAM)
    run = vgg16_runs()["sgd", PAPER_LAM]
    off = run["mean"] / run["law"] - 1
    ours = (
        f"Nηλ/2 = {law:.2f}, ± {deviation:.1f} at one step; recorded: VGG16 from random weights ends at "
        f"{run['mean']:.2f}, {abs(off):.4%} off"
    )
    return Measured(ours, abs(PAPER_NORM - law) < 2 * deviation and abs(off) < 1e-4)


def _dead():
    vgg, mlp = vgg16_runs()["sgd", PAPER_LAM], mlp_runs()
    small, large = mlp["sgd", 0.001], mlp["sgd", PAPER_LAM]
    *_, before = ends(large, "accuracy_before")
    (worst, _, alive), (_, best, dead) = ends(small, "accuracy"), ends(large, "accuracy")
    ours = (
        f"recorded, {len(large)} seeds: at λ = 0.1 the small network falls from {before} to {dead} test accuracy, at "
        f"λ = 0.001 it keeps {alive}; VGG16 ends at {vgg['accuracy']:.3f}"
    )
    return Measured(ours, best < 0.2 < 0.9 < worst and vgg["accuracy"] < 0.2)


def _pair():
    runs = vgg16_runs()
    large, small = runs["sgd", PAPER_LAM], runs["sgd", SMALL_LAM]
    ratio, below = large["mean"] / small["mean"], small["small"] / small["parameters"]
    ours = (
        f"recorded: VGG16 with λ = {SMALL_LAM} from random weights, {small['steps']:,d} steps: {small['mean']:.2f}, "
        f"{ratio:.0f} times less; {below:.2%} below 1e-5, {small['zeros']} weights exactly 0, accuracy "
        f"{small['accuracy']:.3f}"
    )
    return Measured(ours, ratio > 30 and below > 0.997 and small["zeros"] < 1000)


def _share():
    share = theory.band_share(SMALL, PAPER_RATE, PAPER_LAM)
    run = vgg16_runs()["sgd", PAPER_LAM]
    ours = f"1e-5/ηλ = {share:.2g}; recorded: a fraction of {run['small'] / run['parameters']:.4f} below 1e-5"
    return Measured(ours, abs(share - 0.01) < 1e-12 and abs(run["small"] / run["parameters"] / share - 1) < 0.05)


def _adam():
    vgg, mlp = vgg16_runs(), mlp_runs()
    lams = sorted(lam for method, lam in vgg if method == "adam")
    large = [sum(vgg["adam", lam]["last"]) / 10 for lam in lams]  # its weights swing together, over more than two steps
    small = [
        [row["mean"] for row in mlp["adam", lam]] for lam in sorted(lam for method, lam in mlp if method == "adam")
    ]
    means = [sum(over_seeds) / len(over_seeds) for over_seeds in small]
    ours = (
        "recorded: Adam on VGG16 ends at "
        + ", ".join(f"{end:.0f} (λ = {lam:g})" for lam, end in zip(lams, large, strict=True))
        + f"; on the small network, mean of {len(small[0])} seeds, from {means[0]:.0f} down to {min(means):.1f} and "
        f"{means[-1]:.1f} at the largest λ"
    )
    falls = all(last < 1.1 * min(one) for *one, last in zip(*small, strict=True))
    return Measured(ours, max(large) < 1.1 * min(large) and falls)


def _threshold():
    mlp = mlp_runs()
    sgd, proximal = mlp["sgd", 0.01], mlp["proximal", 0.01]
    N = sgd[0]["parameters"]
    small, inside, zeros = (
        ends([{"%": 100 * row[field] / N} for row in rows], "%", 1)[2]
        for rows, field in ((sgd, "small"), (sgd, "inside"), (proximal, "zeros"))
    )
    ours = (
        f"recorded, small network, λ = 0.01, {len(sgd)} seeds: SGD {max(row['zeros'] for row in sgd)} exact zeros at "
        f"most, {small} % below 1e-5, {inside} % below ηλ, accuracy "
        f"{ends(sgd, 'accuracy_cut')[2]} once those are cut; proximal {zeros} % exact zeros, accuracy "
        f"{ends(proximal, 'accuracy')[2]}"
    )
    pairs = list(zip(sgd, proximal, strict=True))
    close = all(abs(a["inside"] - b["zeros"]) < 0.02 * N for a, b in pairs)
    as_good = all(abs(a["accuracy_cut"] - b["accuracy"]) < 0.03 for a, b in pairs)
    return Measured(ours, close and as_good and max(row["zeros"] for row in sgd) < 10)


CLAIMS = (
    Claim(
        "L7a",
        "Section 3",
        "VGG16 fine-tuned with λ = 0.1 ends with the norm 69178.44",
        "69178.44",
        "holds",
        "it is Nηλ/2, which every network reaches once all its weights are in the band",
        _printed_norm,
    ),
    Claim(
        "L7b",
        "Section 3",
        "the larger norm speaks against ℓ1 penalties as a preparation for pruning",
        "69178.44 against 2113.83, no accuracy",
        "wrong",
        "at λ = 0.1 the zero network is a local minimiser: the network has died, and its norm is that of the step",
        _dead,
    ),
    Claim(
        "L7c",
        "Section 3",
        "with a smaller λ the norm is more than 30 times less, and 99.7 % of the weights are below 1e-5",
        "2113.83, 99.7 %",
        "holds if…",
        "ηλ is 1e-5 or less: then the whole band lies below 1e-5. The share says where the band is, not that the "
        "network is pruned, nor that it works",
        _pair,
    ),
    Claim(
        "L8",
        "Section 3",
        "0.01 % of the weights are below 1e-5",
        "0.01 %",
        "wrong",
        "uniform on (0, ηλ) gives 1 %; the script prints the fraction 0.01",
        _share,
    ),
    Claim(
        "L9b",
        "Section 3",
        "networks under Adam show the same paradox",
        "the same paradox",
        "wrong",
        "not on these networks: once the penalty dominates, λ cancels in Adam and the band is a multiple of η",
        _adam,
    ),
    Claim(
        "L10b",
        "Section 3",
        "networks trained by NGDM with an ℓ1 penalty are not sparse",
        "0.01 % below 1e-5",
        "imprecise",
        "hardly a weight is exactly 0, but nearly all that a proximal step would zero are within ηλ of it",
        _threshold,
    ),
)
