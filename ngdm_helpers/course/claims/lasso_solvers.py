"""Claims L9–L12 of notebook 3: Adam, pruning, what gives zeros, the staircase."""

import copy
import functools
import itertools

import numpy as np

from ngdm_helpers import theory, trajectories
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.course.claims.ledger import Measured, claim
from ngdm_helpers.objectives import Lasso


@claim(
    "L9a", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours) Adam with ℓ1 in its loss shows no paradox on (7) and (11)",
    because="Adam divides by the size of the gradient, so λ drops out of its band, about η/8 per weight. (The paper "
    "speaks of networks only)",
)  # fmt: skip
def _adam_ignores_lambda():
    lams = [0.1, 1.0, 10.0, 100.0]
    sgd, adam = (problems.band_means(method, lams) for method in ("subgradient", "adam"))
    problem, starts = problems.uniform_lasso(200, 50, [0.01, 0.1, 1.0, 100.0], reduction="mean")
    run = trajectories.run(problem, starts, problems.PAPER_LR, 3000, "adam").iterates[-200:]
    norms = np.abs(run).sum(axis=-1).mean(axis=0)[0]
    listed = ", ".join(f"{norm:.2g}" for norm in norms)
    ours = (
        f"(7), mean |β| per weight at λ = 0.1 and 100: SGD {sgd[0]:.2f}η and {sgd[-1]:.0f}η, Adam {adam[0]:.3f}η and "
        f"{adam[-1]:.3f}η; (11), p = 50, Adam: ‖β‖₁ = {listed} at λ = 0.01, 0.1, 1, 100"
    )
    flat = np.ptp(adam) < 0.01 and np.abs(adam - 0.125).max() < 0.02
    return Measured(ours, flat and np.allclose(sgd, np.array(lams) / 2, rtol=0.1) and (np.diff(norms) < 0.01).all())


@claim(
    "L9b", where="Section 3", paper="the same paradox", verdict="not reproduced",
    says="networks under Adam show the same paradox",
    because="not on our small network: once the penalty dominates, λ cancels in Adam and the band is a multiple of η. "
    "VGG16 was run for too few steps to settle. The paper gives neither its settings nor its numbers, and ℓ1 beside "
    "Adam would do it (L9c)",
)  # fmt: skip
def _adam():
    vgg, mlp = recorded.vgg16_runs(), recorded.mlp_runs()
    # Adam's weights swing together on VGG16, over more than two steps: the mean of the last ten
    large = {lam: np.mean(run["last"]) for (method, lam), run in sorted(vgg.items()) if method == "adam"}
    small = [[run["mean"] for run in seeds] for (method, _), seeds in sorted(mlp.items()) if method == "adam"]
    means = [sum(over_seeds) / len(over_seeds) for over_seeds in small]
    ends = ", ".join(f"{end:.0f} (λ = {lam:g})" for lam, end in large.items())
    (steps,) = {run["steps"] for (method, _), run in vgg.items() if method == "adam"}
    ours = (
        f"recorded: Adam on VGG16 is at {ends} after {steps} steps; on the small network, mean of "
        f"{len(small[0])} seeds, from "
        f"{means[0]:.0f} down to {min(means):.1f} and {means[-1]:.1f} at the largest λ"
    )
    falls = all(last < 1.1 * min(one) for *one, last in zip(*small, strict=True))
    return Measured(ours, max(large.values()) < 1.1 * min(large.values()) and falls)


@claim(
    "L9c", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours) with ℓ1 beside Adam's step, as AdamW decays its weights, the paradox is back; with a soft threshold "
    "there, weights are exactly 0",
    because="then λ is not divided by the size of the gradient: above 1, the largest of Adam's own step in units of η, "
    "it wins, and what is left is SGD's band ηλ/2",
)  # fmt: skip
def _decoupled():
    lams = np.array([0.0025, 0.05, 1.0, 10.0])
    problem, (start, *_) = problems.sparse_problem(lams), np.zeros((1, 200))
    ends = {}
    for method in ("adam", "adam_decoupled", "adam_proximal"):
        tail = trajectories.run(problem, start, problems.PAPER_LR, 3000, method).iterates[-200:]
        ends[method] = np.abs(tail).sum(axis=-1).mean(axis=0), (tail[-1] == 0).sum(axis=-1)
    listed = {method: ", ".join(f"{norm:.3g}" for norm in norms) for method, (norms, _) in ends.items()}
    bands = problems.band_means("adam_decoupled", [0.1, 100.0])
    (inside, _), (decoupled, none), (proximal, zeros) = ends.values()
    ours = (
        f"(11), p = 200, η = 0.01, λ = 0.0025, 0.05, 1, 10: ‖β‖₁ = {listed['adam']} with ℓ1 in the loss, "
        f"{listed['adam_decoupled']} decoupled, {listed['adam_proximal']} and {', '.join(map(str, zeros))} exact zeros "
        f"with the threshold; (7), decoupled: mean |β| {bands[0]:.2f}η and {bands[1]:.0f}η at λ = 0.1 and 100"
    )
    falls = bool((np.diff(inside) < 0).all())
    back = decoupled[3] > 5 * decoupled[2] and abs(decoupled[3] / 10 - 1) < 0.05 and not none.any()
    sparse = zeros[-2:].tolist() == [200, 200] and not proximal[-2:].any()
    return Measured(ours, falls and back and sparse and np.allclose(bands, [0.05, 50], rtol=0.1))


@functools.lru_cache(maxsize=1)
def _sparse_runs():
    """`sparse_problem`, its exact minimiser, and what four methods leave after 2000 steps of η = 1/(10L)."""
    problem, ends = problems.sparse_problem(), {}
    for method in ("subgradient", "adam", "proximal", "fista"):
        run = trajectories.run(problem, np.zeros(200), 0.1 / problem.curvature, 2000, method, record_every=2000)
        ends[method] = run.iterates[-1]
    return problem, problems.coordinate_descent(problem), ends


@claim(
    "L10a", where="Section 3", paper="0.01 % below 1e-5", verdict="imprecise",
    says="hardly a weight is below 1e-5, which challenges Han et al.: an ℓ1 penalty as a preparation for pruning",
    because="weights go to 0 to within the step: no zeros, but a cut at the band's edge finds them; Han et al. cut too",
)  # fmt: skip
def _threshold_is_the_step():
    problem, exact, _ = _sparse_runs()
    lr = 0.01 / problem.curvature
    beta = trajectories.run(problem, np.zeros(200), lr, 10_000, record_every=10_000).iterates[-1]
    off, large = exact == 0, np.abs(beta) > 2 * lr * problem.lam
    tiny = int((np.abs(beta[off]) < 1e-5).sum())
    ours = (
        f"(11), NGDM: of the {off.sum()} coefficients that should be 0, {tiny} are below 10⁻⁵ and "
        f"{int((~large[off]).sum())} below 2ηλ; cut there, the support is the exact one: {bool((large == ~off).all())}"
    )
    return Measured(ours, bool((large == ~off).all()) and tiny < off.sum() / 2)


@claim(
    "L10b", where="Section 3", paper="0.01 % below 1e-5", verdict="imprecise",
    says="networks trained by NGDM with an ℓ1 penalty are not sparse",
    because="hardly a weight is exactly 0, but nearly all that a proximal step would zero are within ηλ of it",
)  # fmt: skip
def _threshold():
    mlp = recorded.mlp_runs()
    sgd, proximal = mlp["sgd", 0.01], mlp["proximal", 0.01]
    N = sgd[0]["parameters"]
    small, inside, zeros = (
        recorded.range_in_words([{"%": 100 * row[field] / N} for row in rows], "%", 1)[2]
        for rows, field in ((sgd, "small"), (sgd, "inside"), (proximal, "zeros"))
    )
    ours = (
        f"recorded, small network, λ = 0.01, {len(sgd)} seeds: SGD {max(row['zeros'] for row in sgd)} exact zeros "
        f"at most, {small} % below 1e-5, {inside} % below ηλ, accuracy "
        f"{recorded.range_in_words(sgd, 'accuracy_cut')[2]} once those are cut; proximal {zeros} % exact zeros, "
        f"accuracy {recorded.range_in_words(proximal, 'accuracy')[2]}"
    )
    pairs = list(zip(sgd, proximal, strict=True))
    close = all(abs(a["inside"] - b["zeros"]) < 0.02 * N for a, b in pairs)
    as_good = all(abs(a["accuracy_cut"] - b["accuracy"]) < 0.03 for a, b in pairs)
    return Measured(ours, close and as_good and max(row["zeros"] for row in sgd) < 10)


@claim(
    "L10c", where="beyond", paper="–", verdict="holds if…", source="ours",
    says="(ours) a cut at 2ηλ leaves the exact support",
    because="the run has converged, and η is small against the smallest weight that counts. Correlated columns make "
    "that take far longer, and before it the cut means nothing",
)  # fmt: skip
def _cut_takes_time():
    problem = problems.sparse_problem(rho=0.5)
    off, lr, seen = problems.exact_lasso(problem) == 0, 0.1 / problem.curvature, {}
    states = trajectories.iterate(problem, np.zeros(200), lr)
    for k, beta in enumerate(itertools.islice(states, 20_001)):
        if k in (2000, 10_000, 20_000):
            size = np.abs(beta) / (2 * lr * problem.lam)
            seen[k] = size[off].max(), int(((size > 1) == off).sum())
    ours = "(11), columns of correlation ½, NGDM, η = 1/(10L): the largest weight that should be 0 is "
    ours += ", ".join(
        f"{largest:.3g} cuts large ({wrong} of 200 wrong) after {k}" for k, (largest, wrong) in seen.items()
    )
    return Measured(ours + " steps", seen[10_000][0] > 10 and seen[20_000] < (1, 1))


@claim(
    "L10d", where="Section 3", paper="endorsed", verdict="not checkable",
    says="NVIDIA's guides recommend an ℓ1 penalty before pruning detection models, which these results challenge",
    because="the paper's two links are shortened, not followed. NVIDIA's pruning tool (tlt-prune, of its documentation "
    "an excerpt seen) cuts filters whose norm is below 0.1 of the layer's largest: that needs no zeros",
)  # fmt: skip
def _relative_norms():
    import torch

    from ngdm_helpers.course import probes

    _, network = probes.appendix_b(0.1, 0.01, 500)
    zeros, before = sum(int((part == 0).sum()) for part in network.parameters()), probes.digits_accuracy(network)
    cut, sizes = copy.deepcopy(network), network[0].weight.detach().norm(dim=1)
    gone = sizes < 0.1 * sizes.max()
    with torch.no_grad():
        cut[3].weight[:, gone] = 0
    ours = (
        f"a small network after Appendix B's script, η = 0.1, λ = 0.01: {zeros} exact zeros; {int(gone.sum())} of 32 "
        f"units have a norm below 0.1 of the largest; without them the accuracy goes from {before:.3f} to "
        f"{probes.digits_accuracy(cut):.3f}"
    )
    return Measured(ours, zeros == 0 and gone.sum() > 5 and abs(probes.digits_accuracy(cut) - before) < 0.02)


@claim(
    "L11", where="Section 3", paper="no zeros", verdict="holds",
    says="NGDM is not inherently sparse, and PyTorch's answer is not that of glmnet or scikit-learn",
    because="zeros need a rule that stops at the kink: soft-thresholding, in one form or another",
)  # fmt: skip
def _only_a_threshold_gives_zeros():
    _, exact, ends = _sparse_runs()
    zeros = {method: int((beta == 0).sum()) for method, beta in ends.items()}
    gap = np.abs(ends["fista"] - exact).max()
    ours = (
        f"(11), exact zeros of 200: NGDM {zeros['subgradient']}, Adam {zeros['adam']}; proximal gradient "
        f"{zeros['proximal']}, FISTA {zeros['fista']}, scikit-learn {int((exact == 0).sum())}; "
        f"the last two agree to {gap:.0e}"
    )
    agree = zeros["fista"] == zeros["proximal"] == (exact == 0).sum()
    return Measured(ours, zeros["subgradient"] == zeros["adam"] == 0 and agree and gap < 1e-6)


@claim(
    "L11b", where="Section 3", paper="Bottou (2010), Table 1", verdict="holds",
    says="iterative methods have been developed that give sparse solutions",
    because="β = u − v with u, v ≥ 0 makes the penalty linear; the projection onto ≥ 0 stops at 0, as the soft "
    "threshold does. Without a projection, as in β = u∘u − v∘v, there is no zero. (Bottou's text not read)",
)  # fmt: skip
def _parts():
    problem, exact, _ = _sparse_runs()
    eta, parts, squares = 0.5 / problem.curvature, problems.TwoParts(problem), problems.TwoSquares(problem)
    drawn = problems.TwoParts(problems.Minibatch(problem, 10))
    whole, noisy, smooth = (
        form.join(trajectories.run(form, start, lr, steps, method, record_every=steps).iterates[-1])
        for form, start, lr, steps, method in (
            (parts, np.zeros(400), eta, 2000, "proximal"),
            (drawn, np.zeros(400), eta / 10, 4000, "proximal"),
            (squares, np.full(400, 0.1), eta / 5, 10_000, "subgradient"),
        )
    )
    ours = (
        f"(11), exact zeros of 200, {(exact == 0).sum()} in the solution: u − v, projected, {(whole == 0).sum()}, "
        f"within {np.abs(whole - exact).max():.0e} of it; with 10 rows a step {(noisy == 0).sum()}; u∘u − v∘v "
        f"{(smooth == 0).sum()}, within {np.abs(smooth - exact).max():.0e}"
    )
    same = ((whole == 0) == (exact == 0)).all()
    return Measured(ours, bool(same) and 0 < (noisy == 0).sum() < 150 and not (smooth == 0).any())


@claim(
    "L11c", where="Section 3", paper="near sparse", verdict="imprecise",
    says="the understanding that NGDM ends near a sparse solution (Bengio 2012; Goodfellow et al. 2016) is not met",
    because="near it ends, to within the step, if it runs long enough; zeros it has none. (Neither text read)",
)  # fmt: skip
def _near_sparse():
    problem, exact, _ = _sparse_runs()
    off, largest, zeros = exact == 0, [], 0
    for factor, steps in ((0.1, 2000), (0.01, 10_000)):
        lr = factor / problem.curvature
        beta = trajectories.run(problem, np.zeros(200), lr, steps, record_every=steps).iterates[-1]
        largest.append(np.abs(beta[off]).max())
        zeros += int((beta == 0).sum())
    ours = (
        f"(11), NGDM: the largest of the {off.sum()} weights that should be 0 is {largest[0]:.1e} with η = 1/(10L), "
        f"{largest[1]:.1e} with a tenth of it, where the smallest that counts is {np.abs(beta[~off]).min():.2g}; "
        f"{zeros} exact zeros"
    )
    return Measured(ours, zeros == 0 and largest[1] < 0.2 * largest[0] and largest[1] < np.abs(beta[~off]).min())


@claim(
    "L11d", where="Section 3", paper="rarely causes problems", verdict="imprecise",
    says="Scardapane et al. (2017) expect too much: that the kink at 0, of the elastic net too, rarely causes problems",
    because="for the loss, of which the sentence as quoted can be read, it causes none: f comes as near f* as one "
    "likes. For zeros it does. (Their text not read)",
)  # fmt: skip
def _elastic_net():
    problem, ridge = problems.sparse_problem(), 10.0
    X, y = np.concatenate([problem.X, ridge**0.5 * np.eye(200)]), np.append(problem.y, np.zeros(200))
    net = Lasso(X, y, problem.lam)  # ‖y − Xβ‖² + λ₁‖β‖₁ + λ₂‖β‖², by rows added to X
    exact, gaps, zeros = problems.exact_lasso(net), [], 0
    for factor, steps in ((1.0, 2000), (0.1, 4000), (0.01, 10_000)):
        beta = trajectories.run(net, np.zeros(200), factor / net.curvature, steps, record_every=steps).iterates[-1]
        gaps.append(float(net.value(beta) / net.value(exact) - 1))
        zeros += int((beta == 0).sum())
    ours = (
        f"elastic net, λ₁ = 20, λ₂ = 10: NGDM ends {', '.join(f'{gap:.1e}' for gap in gaps)} of f* above it with "
        f"η = 1/L, 1/(10L), 1/(100L); {zeros} exact zeros, the minimiser has {(exact == 0).sum()}"
    )
    return Measured(ours, gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-2 and zeros == 0 < (exact == 0).sum())


@claim(
    "L11e", where="Section 3", paper="three forum threads", verdict="holds",
    says="users of PyTorch struggle with what an ℓ1 penalty leaves",
    because="a thread that we found asks why no weight is exactly zero, with Adam (discuss.pytorch.org/t/67822, seen "
    "in an excerpt; the paper's three links are shortened, not followed)",
)  # fmt: skip
def _forum():
    mlp = recorded.mlp_runs()
    most = {
        method: max(row["zeros"] for (name, _), rows in mlp.items() if name == method for row in rows)
        for method in ("sgd", "momentum", "adam", "proximal")
    }
    total = mlp["sgd", 0.01][0]["parameters"]
    ours = (
        f"recorded, a network of {total:,} weights, ten λ: at most {most['sgd']} exact zeros with SGD, "
        f"{most['momentum']} with momentum, {most['adam']} with Adam; {most['proximal']:,} with the proximal step"
    )
    return Measured(ours, max(most["sgd"], most["adam"], most["momentum"]) < 1e-3 * total < most["proximal"])


@claim(
    "L12", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours) in one dimension the mean of sign(β) climbs a devil's staircase in c/λ",
    because="a contracted rotation: at each rational mean the orbit locks, on an interval with a closed form",
)  # fmt: skip
def _staircase():
    widths, worst = [], 0.0
    for plus, period in ((1, 2), (2, 3), (3, 4), (3, 5), (4, 5)):
        low, high = theory.staircase_plateau(plus, period, 0.5)
        inside = problems.mean_signs(np.linspace(low, high, 23)[1:-1], 0.5)
        worst = max(worst, float(np.abs(inside - (2 * plus / period - 1)).max()))
        widths.append(high - low)
    ours = (
        f"ηh = ½: mean sign 0, ⅓, ½, ⅕, ⅗ on plateaus of width {', '.join(f'{w:.3f}' for w in widths)}, "
        f"to within {worst:.0e}"
    )
    return Measured(ours, worst < 1e-12)
