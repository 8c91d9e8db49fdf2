# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # 4 · The Edge of Stability: what happens past 2/L
#
# This notebook works through Section 4 of *GD doesn't make the cut* (Kumar, arXiv 2401.08426). The section asks what
# the *Edge of Stability* literature, which studies gradient descent at learning rates that classical theory calls too
# large, has to say about losses that are not smooth. Its experiment, gradient descent on Huber's loss far beyond
# $2/L$, is real and instructive. Most of what it concludes from it is not right, and the reasons are worth knowing.
#
# **Afterwards you can**
#
# 1. say what $2/L$ guarantees, and for which losses exceeding it means divergence;
# 2. tell what a bound on the best value proves, and what it does not;
# 3. predict the height of Huber's loss curves past $2/L$, and for how many steps they rise first;
# 4. decide from a loss's growth whether gradient descent past $2/L$ diverges or ends in a 2-cycle;
# 5. explain what sits exactly *on* the edge, with kinks or without;
# 6. say what a toy problem must have to show the Edge of Stability, and what the paper's lacks.
#
# **Time:** 75 minutes of class for ideas 1 to 8; 9 and 10 can be read at home. **Assumed:** notebooks 1 and 3;
# from notebook 2, idea 3: $L$-smoothness (5), and what Laurent and von Brecht proved. NumPy; eigenvalues.
#
# *Run all cells first (Run → Run All Cells). Every picture with sliders is live: drag, use the arrow keys, or click a
# mark.*

# %% id="imports"
import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import PowerTail, Product, Separable, Trough
from ngdm_helpers.course import claims, explorers, problems, recorded, votes
from ngdm_helpers.objectives import Huber, Quadratic

# %% [markdown] id="quadratic-claim"
# ## 1 · 2/L on a quadratic
#
# **Claim.** The paper identifies the Edge of Stability with a number: $2/\lambda_{\max}$ of the Hessian, which
# separates stable from “unstable” (that is, merely non-divergent) convergence. On convex quadratics, it says,
# gradient descent diverges beyond.

# %% id="quadratic-predict" tags=["vote"]
votes.ask("edge_of_stability.quadratic")

# %% id="quadratic-by-hand"
for eta in (1.9, 2.0, 2.05):
    x, y = 0.3, 1.0
    for _ in range(200):
        x, y = x - eta * x, y - eta * y / 10  # gradient descent, one line a step
    print(f"η = {eta:4.2f}   x = {x:9.1e}   y = {y:9.1e}")

# %% id="quadratic-picture"
etas = np.linspace(0.1, 2.3, 221)
valley = Quadratic(np.diag([1.0, 0.1]))
ends = np.abs(trajectories.run(valley, [0.3, 1.0], etas, 40, record_every=40).iterates[-1])

figure, ax = figures.new(size=(9, 4))
for values, name, color in (
    (ends[:, 0], "|x|, curvature 1", figures.VERMILLION),
    (ends[:, 1], "|y|, curvature 1/10", figures.BLUE),
):
    ax.semilogy(etas, np.maximum(values, 1e-12), color=color, label=name)
ax.axvline(2, **figures.THRESHOLD)
ax.set(xlabel="η", ylabel="after 40 steps", xlim=(0.1, 2.3), ylim=(1e-12, 1e6))
figures.legend(ax, loc="upper left")
figures.show(
    figure,
    "Each direction has its own threshold, 2 divided by its curvature; the steepest one decides.",
    alt="Distance to the minimum after 40 steps against the learning rate, on a logarithmic scale: the steep "
    "direction falls, and rises again past 2; the flat direction falls throughout.",
)

# %% [markdown] id="quadratic-play-note"
# **Play.** The first goal stands below the figure. *Questions.* (ii) What happens at exactly 2? (iii) Past 2, the
# loss falls first and rises later. Why?

# %% id="quadratic-play"
quadratic = explorers.quadratic_threshold()
quadratic

# %% [markdown] id="quadratic-why"
# **Why.** Along an eigenvector of curvature $\lambda$ a step multiplies by $1-\eta\lambda$. That shrinks if and only
# if $0<\eta\lambda<2$; past 2 the sign flips at every step and the size grows. For a convex loss with an
# $L$-Lipschitz gradient and a minimiser, $\eta<2/L$ *suffices* for convergence. That nothing *larger* will do is a
# property of quadratics, and of any loss in a small enough neighbourhood of a minimum with a Hessian, with its
# $\lambda_{\max}$ there in place of $L$.

# %% id="quadratic-theory"
for lr in (1.9, 2.05, 2.5):
    parabola = np.abs(trajectories.run(Quadratic([[1.0]]), [0.1], lr, 100).iterates[-1, 0])
    print(
        f"η = {lr:4.2f}   x²/2 from 0.1: |x₁₀₀| = {parabola:8.1e}, law |1 − η|¹⁰⁰/10 = {abs(1 - lr) ** 100 / 10:8.1e}"
    )

# %% [markdown] id="quadratic-verdict"
# **Verdict: imprecise.** For quadratics $2/L$ separates convergence from divergence. For other losses it is a
# sufficient condition, and what happens beyond it is the territory of this notebook. The Edge of Stability itself
# (Cohen et al. 2021) is a statement about training: the largest curvature rises to about $2/\eta$ and stays there
# while the loss goes on falling, not monotonically.

# %% id="quadratic-ledger"
claims.ledger("E1")

# %% [markdown] id="quadratic-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $\eta=1.84$, $1.6\cdot10^{-12}$: both directions shrink about equally fast. (ii) $x$ flips between
# $\pm0.03$ and the loss sinks to $0.03^2/2=0.00045$ only. (iii) It falls while $y$ dominates, then $x$ takes over:
# the lowest loss is at step 13 for $\eta=2.03$, at step 3 for 2.5.
#
# </details>

# %% id="quadratic-check" tags=["check"]
quadratic.drive()
below, above = etas < 1.99, etas > 2.01
assert (ends[below, 0] < 0.3).all() and (ends[above, 0] > 0.3).all() and (np.diff(ends[:, 1]) < 0).all()

# %% [markdown] id="phenomenon-claim"
# ## 2 · The phenomenon itself
#
# **Claim.** The paper takes the Edge of Stability to be derived for $L$-smooth losses, demonstrated “in most convex
# optimization settings” (it cites Jacot et al. 2018 and Li and Liang 2018), and a conjecture for networks with kinks.

# %% id="phenomenon-predict" tags=["vote"]
votes.ask("edge_of_stability.phenomenon")

# %% id="phenomenon-live"
# Needs PyTorch: the loss and the sharpness of a ReLU network in training
from ngdm_helpers import data, networks  # loads torch: only from here on is it needed

X, Y = data.digits(500)  # 500 digits of 8 × 8 pixels, one-hot targets
network = networks.mlp("relu")
trained = networks.full_batch_gd(network, X, Y, lr=0.2, steps=1500, sharpness_every=25)
print(f"loss      {trained.losses[0]:.2f} → {trained.losses[-1]:.4f}")
print(f"sharpness {trained.sharpness[0]:.2f} → {trained.sharpness[-1]:.2f}")
print(f"2/η = {2 / trained.lr:.2f}; the loss went up in {(np.diff(trained.losses) > 0).sum()} of 1500 steps")

# %% id="phenomenon-picture"
# Needs PyTorch: the picture of that training, with 2/η
figure, (left, right) = figures.new(2, size=(10, 3.8))
left.semilogy(trained.losses, color=figures.BLUE, linewidth=1)
left.set(xlabel="step k", ylabel="loss", xlim=(0, 1500))
right.plot(trained.sharpness_steps, trained.sharpness, marker=".", color=figures.BLUE)
right.axhline(2 / trained.lr, **figures.THEORY)
right.text(1490, 2 / trained.lr, "2/η", ha="right", va="bottom")
right.set(xlabel="step k", ylabel="sharpness λmax", xlim=(0, 1500), ylim=(0, None))
figures.show(
    figure,
    "The sharpness of a ReLU network overshoots 2/η, then settles a little below it; the loss falls on, in zigzags.",
    alt="Left: loss against step on a logarithmic scale, falling with many small ups and downs. Right: the "
    "largest Hessian eigenvalue, close to a dashed line at 2/η.",
)

# %% [markdown] id="phenomenon-play-note"
# **Play** with recorded runs of 4000 steps (`ngdm record edge-of-stability`). The goals stand below the figure.
# *Questions.* (ii) Why does that run overflow? Compare $\eta\lambda_{\max}$ at step 0 with that of its neighbour.
# (iii) Does the kinked activation behave differently from the smooth ones?

# %% id="phenomenon-play"
sharpness = explorers.recorded_sharpness()
sharpness

# %% [markdown] id="phenomenon-why"
# **Why.** *Progressive sharpening* (Cohen et al. 2021): while $\eta\lambda_{\max}<2$, training moves to regions of
# higher curvature; why is understood only in special models. *Self-stabilisation* (Damian, Nichani and Lee 2023):
# once $\eta\lambda_{\max}>2$, the iterate oscillates along the top eigenvector with growing size, and a large
# oscillation drives it to where the curvature is smaller. The rest of this notebook studies a simpler relative of the
# second half: losses on which the oscillation itself meets a flatter slope, so that everything can be computed.
# Sharpness is measured by Lanczos iterations (`scipy.sparse.linalg.eigsh`) on Hessian-vector products; where a ReLU
# network has no Hessian, autograd's stands in. *Directional smoothness* is the curvature averaged along one step,
# $\langle\Delta g,\Delta\theta\rangle/\|\Delta\theta\|^2$ (idea 8).

# %% id="phenomenon-theory"
print("activation     η     2/η   sharpness: at step 0, last quarter   η × directional smoothness, last 1000 steps")
for row in sorted(recorded.load("edge_of_stability"), key=lambda row: (row["activation"], row["lr"])):
    if row["overflow_step"] is None:
        found = f"{row['sharpness']:12.2f} {row['directional']:26.3f}"
    else:
        found = f"   overflows at step {row['overflow_step']}"
    first = row["curves"]["sharpness"]["values"][0]
    print(f"{row['activation']:10s} {row['lr']:5g} {2 / row['lr']:7.2f} {first:9.2f} {found}")

# %% [markdown] id="phenomenon-verdict"
# **Verdict: wrong.** The Edge of Stability is an observation, not a theorem carried over from smooth losses, and ReLU
# networks were among those it was made on. From η = 0.2 on ReLU hovers near $2/\eta$ here, as GELU and tanh do (tanh
# at 0.4 overflows). Not all of them *rise* to it: tanh from 0.2 on and ReLU at 0.4 start above $2/\eta$ and come
# down. “Most convex settings” is **imprecise**: the papers cited are about wide networks, whose loss is not convex;
# in the limit of infinite width, on a square loss (and in the scaling they use), training is linear least squares:
# the sharpness does not move. What this does not show: *why* sharpness rises. These are small networks on 500 digits,
# one seed each.

# %% id="phenomenon-ledger"
claims.ledger("E2", "E12")

# %% [markdown] id="phenomenon-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) ReLU at $\eta=0.05$: sharpness at most 26.8, $2/\eta=40$. (ii) tanh at 0.4, at step 17:
# $\eta\lambda_{\max}$ starts at 5.5, so that a step multiplies the top component by about $-4.5$; from 4.2, at 0.3,
# the run still comes down. (iii) From 0.2 on hardly: ReLU ends up to 4.5% below $2/\eta$, GELU and tanh up to 3.8%
# above. At 0.1 ReLU ends 12% below.
#
# </details>

# %% id="phenomenon-check" tags=["check"]
# Needs PyTorch: the checks of this idea
sharpness.drive()
late = trained.sharpness[trained.sharpness_steps > 1000]
assert abs(late.mean() * trained.lr / 2 - 1) < 0.1  # hovers at 2/η
assert trained.losses[-1] < trained.losses[750] < trained.losses[0] and (np.diff(trained.losses) > 0).sum() > 100

# %% [markdown] id="bound-claim"
# ## 3 · Proposition 4.1: the best value is not the run
#
# **Claim.** *Proposition 4.1:* on a convex loss with bounded subgradients there is “unstable convergence” for every
# $\eta$, which the paper defines as not diverging to infinity (it does not say whether it speaks of the loss or of
# the iterates). Its proof: $\lim f_{\text{best}}-f^*\le\eta G^2/2$. From it the paper concludes that the Edge of
# Stability, as a conjecture about losses beyond $L$-smooth ones, is “incorrect even for Lipschitz continuous,
# differentiable, convex functions”.

# %% id="bound-predict" tags=["vote"]
votes.ask("edge_of_stability.bound")

# %% id="bound-picture"
width = 0.25  # f(x, y) = max(0, |x| − w(y)), w(y) = width·y/(1 + y) for y > 0
escape = trajectories.run(Trough(width), [0.5, 0.0], lr=1.0, steps=100_000)

figure, (left, right) = figures.new(2, size=(10, 3.8))
left.loglog(escape.steps[1:], escape.iterates[1:, 1], **figures.NGDM)
left.loglog(escape.steps[1:], theory.trough_height(width, 1.0, escape.steps[1:].astype(float)), **figures.THEORY)
left.set(xlabel="step k", ylabel="y")
right.semilogx(escape.steps[1:], escape.values[1:], **figures.NGDM)
right.axhline(0.5 - width, **figures.THEORY)
right.set(xlabel="step k", ylabel="f", ylim=(0, 0.5))
figures.show(
    figure,
    "The iterates run off to infinity like the cube root of k, while the loss settles at η/2 − width.",
    alt="Left: the second coordinate against the step, a straight line on logarithmic scales approaching the "
    "dashed law. Right: the loss, falling towards a dashed line at one quarter.",
)

# %% [markdown] id="bound-play-note"
# **Play.** Every run starts at $(\eta/2,\,0)$, so that $x$ flips between $\pm\eta/2$. The goals stand below the
# figure. *Question.* (ii) For which $\eta$ does the run end *in* the set of minimisers?

# %% id="bound-play"
trough = explorers.trough()
trough

# %% [markdown] id="bound-why"
# **Why.** $f_{\text{best}}\le f(x_0)$ is true of every method, even of one that runs away; no bound on it can exclude
# divergence. What *can* be said for convex, $G$-Lipschitz $f$ with a minimiser at distance $R$: the average of the
# first $T$ values is at most $f^*+R^2/(2\eta T)+\eta G^2/2$, and for the last value the second term grows by a factor
# of order $\log T$ at most. If, beyond that, the minimisers form a bounded set, the iterates stay bounded. Here it is
# not bounded: the set of minimisers goes on for ever in $y$, and each step across the trough is pushed up a little,
# by $\eta\,w'(y)$.

# %% id="bound-theory"
average = np.cumsum(escape.values) / np.arange(1, len(escape.values) + 1)
bound = theory.subgradient_bound(Trough(width), 1.0)
print(f"loss after 10⁵ steps {escape.values[-1]:.4f}, average {average[-1]:.4f}, ηG²/2 = {bound:.4f}")
print(f"y after 10⁵ steps {escape.iterates[-1, 1]:.2f}, law {theory.trough_height(width, 1.0, 100_000):.2f}")

# %% [markdown] id="bound-verdict"
# **Verdict: imprecise**, twice. The inequality is right, and it concerns the best value. “Does not diverge” does not
# follow for the iterates. And as a *definition* of unstable convergence it includes every convergent run, and every
# run that gets stuck high up; what it leaves out is the phenomenon: a loss that goes up and down, and falls in the
# long run, past the threshold of stability. The conclusion about the Edge of Stability is **wrong**: that some convex
# losses stay bounded past $2/L$ contradicts no theorem, since $2/L$ is only sufficient (idea 1), and what is observed
# when networks are trained is not refuted by losses that are not networks.

# %% id="bound-ledger"
claims.ledger("E3", "E4", "E15")

# %% [markdown] id="bound-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $\eta=0.5$, twice the width: $w(y)<0.25=\eta/2$ for every $y$, so that $f$ stays above 0. (ii) For
# every smaller one: it stops once $w(y)\ge\eta/2$, that is at $y=2\eta/(1-2\eta)$. Within the 4000 steps that happens
# up to 0.454; at 0.46 it takes 5656.
#
# </details>

# %% id="bound-check" tags=["check"]
trough.drive()
assert problems.midpoint_gap(Trough(width), 2) < 1e-12  # convex
assert escape.values.max() <= 0.5 and escape.iterates[-1, 1] > 40
assert (average <= 0.25 / (2 * np.arange(1, len(average) + 1)) + bound).all()

# %% [markdown] id="huber-claim"
# ## 4 · Huber's loss curves (Figure 3)
#
# **Claim.** Gradient descent on Huber regression, equation (13),
#
# $$f(\beta)=\frac1n\sum_i h_\delta(y_i-x_i^\top\beta),\qquad
# h_\delta(r)=\tfrac12r^2\ (|r|\le\delta),\quad \delta(|r|-\tfrac12\delta)\ \text{beyond},\quad(13)$$
#
# does not diverge even for very large learning rates; the loss first rises and then oscillates. (Our copy of the
# paper shows neither $n$, $p$ and $\delta$ nor whether it takes the sum; we take $n=20$, $p=50$, $\delta=1$ and the
# mean.)

# %% id="huber-predict" tags=["vote"]
votes.ask("edge_of_stability.huber")

# %% id="huber-picture"
problem = problems.huber_problem()  # X from U[0, 1], y from U[0, 1]
cs = np.array([1.95, 2.05, 2.5, 4.0, 10.0])
runs = trajectories.run(problem, np.zeros(50), cs / problem.smoothness, 1000)

figure, ax = figures.new(size=(9, 4.2))
colors = (figures.BLUE, figures.GREEN, figures.ORANGE, figures.VERMILLION, figures.PURPLE)
for column, (c, color) in enumerate(zip(cs, colors, strict=True)):
    ax.loglog(runs.steps + 1, runs.values[:, column], color=color, linewidth=1, label=f"c = {c:g}")
    if c > 2:
        ax.plot([300, 1000], [theory.huber_plateau(c, 1.0)] * 2, **figures.THEORY)
ax.set(xlabel="step k + 1", ylabel="f", xlim=(1, 1000), ylim=(1e-4, 20))
figures.legend(ax, loc="lower left")
figures.show(
    figure,
    "Below c = ηL = 2 the loss converges; above, it rises to a plateau near (c − 1)/2 and oscillates there.",
    alt="Loss against step for five learning rates on logarithmic scales. The lowest falls; the others rise and "
    "level off, each near a dashed line that is higher for larger learning rates.",
)

# %% [markdown] id="huber-play-note"
# **Play.** $\eta$ and $c=\eta L$ are one quantity: move either. The first goal stands below the figure. *Questions.*
# (ii) On U[0, 1], drag $c$ to its end. Which of these stay below the dotted line of the middle panel: every loss, the
# mean of the last 200, the best? (iii) Halve $\delta$ (from 2 to 1): by what factor does the plateau change? (iv)
# Switch to centred data at the same $c$: what becomes of $\eta$, and why is the plateau lower than the dashed line?

# %% id="huber-play"
losses = explorers.huber_losses()
losses

# %% [markdown] id="huber-why"
# **Why.** The loss is convex with a bounded gradient, and the iterates stay in $\beta_0+\mathrm{row}(X)$, where the
# minimisers form a bounded set. So by idea 3 they stay bounded, for every $\eta$. Far out, with all residuals beyond
# $\delta$, a step is one of NGDM on $\frac\delta n\sum_i|x_i^\top\beta-y_i|$; for one sample with $x=1$ that is the
# ℓ1 band of notebook 3 with $s=\eta\delta$. In the top eigenvector of $X^\top X/n$ if all samples carry it equally,
# the residuals of a symmetric 2-cycle are $\pm c\delta/2$, and their loss is
# $\delta(c\delta/2-\delta/2)=\delta^2(c-1)/2$. The bound of idea 3 says $\eta G^2/2\le\delta^2c/2$ for the best
# value.

# %% id="huber-theory"
for c in (2.05, 2.5, 5.0, 10.0, 100.0, 1e4, 1e6):
    last = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 3000).values[-200:]
    print(f"c = {c:10.2f}   mean of the last 200 of 3000: {last.mean():10.3f}   ", end="")
    print(f"plateau {theory.huber_plateau(c, 1.0):10.3f}   bound {c / 2:10.3f}, above it: {(last > c / 2).mean():.0%}")

# %% [markdown] id="huber-verdict"
# **Verdict: holds**, for every $\eta$ (idea 3); the last line above is at half a million times $2/L$. The plateau is
# where the closed form puts it, and lower the less equally the samples carry the top eigenvector. From about $c=5$ on
# single losses pass the dotted line of the slider at every second step; the mean of the last 200 never does.

# %% id="huber-ledger"
claims.ledger("E6")

# %% [markdown] id="huber-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) 1.97; on the slider of $\eta$ 1.99 ($\eta=0.146$). (ii) The mean, 67.2 against 68, and the best, 0.13
# at the start; single losses alternate between 52 and 82. (iii) By 4, as $\delta^2$, and so does the measured mean.
# (iv) $\eta$ is 7.8 times as large: $L$ is 1.75, not 13.6. The dashed line assumes equal entries of the top
# eigenvector; theirs are 0.04 to 0.46 in size (U[0, 1]: 0.20 to 0.25).
#
# </details>

# %% id="huber-check" tags=["check"]
losses.drive()
for c in (2.5, 4.0, 10.0, 100.0):
    assert 0.9 * theory.huber_plateau(c, 1.0) < problems.huber_tail(c) <= c / 2
assert problems.huber_tail(1.95) < 1e-12

# %% [markdown] id="rise-claim"
# ## 5 · Why the loss rises before it oscillates
#
# **Claim.** The paper notes that the loss goes *up* for a while before the oscillations set in, and leaves it open
# why.

# %% id="rise-predict" tags=["vote"]
votes.ask("edge_of_stability.rise")

# %% id="rise-picture"
one = Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum")
start = 1.05e-3
run = trajectories.run(one, [start], lr=2.1, steps=110)

figure, (left, right) = figures.new(2, size=(10, 3.8))
left.plot(run.steps, run.iterates[:, 0], marker=".", **{**figures.NGDM, "linewidth": 0.6})
left.axhspan(-1, 1, color="0.93", zorder=0.5)
left.set(xlabel="step k", ylabel="x", xlim=(0, 110))
right.semilogy(run.steps, run.values, marker=".", **{**figures.NGDM, "linewidth": 0.6})
right.axvline(theory.huber_rise(2.1, start), **figures.THRESHOLD)
right.set(xlabel="step k", ylabel="h(x)", xlim=(0, 110))
figures.show(
    figure,
    "The iterate flips sign at every step from the first; the loss, being even, shows only a smooth rise. "
    "It alternates once it is on a lopsided 2-cycle.",
    alt="Left: position against step, a growing zigzag about 0 that stops growing once it leaves a grey band. "
    "Right: the loss, a straight line up on a logarithmic scale, then alternating between two values, with a "
    "dotted line at the predicted step.",
)

# %% [markdown] id="rise-play-note"
# **Play.** The goals stand below the figure. *Questions.* (ii) What decides which 2-cycle it becomes? (iii) In the
# middle panel, on which pieces of the dashed map do the two blue dots lie? Positions are drawn in units of $c\delta$,
# the loss in units of $\delta^2$, because $\delta$ only scales the picture.

# %% id="rise-play"
rise = explorers.huber_rise()
rise

# %% [markdown] id="rise-map-note"
# **The map.** How unequal the two ends become, at 102 400 settings of $c$ and $x_0$. Follow one bright stripe to
# smaller starts: which number stays the same along it?

# %% id="rise-map"
memory = explorers.huber_memory()
memory

# %% [markdown] id="rise-why"
# **Why.** Inside $|x|\le\delta$ a step multiplies $x$ by $1-c$, which is below $-1$: the sign flips and the size
# grows by $c-1$. The loss is even, so it grows by $(c-1)^2$ per step and does not see the flips. That goes on until
# $|x|$ passes $\delta$, which takes $\ln(\delta/|x_0|)/\ln(c-1)$ steps. Beyond $\delta$ the step length is fixed at
# $c\delta$, and the iterate is caught in the 2-cycle $\{\rho,\,-(c\delta-\rho)\}$: Proposition 3.2 with $s=c\delta$.
# There the map has slope 1, so every such pair is a 2-cycle, and the run remembers its start. If the pair is not
# symmetric, the loss alternates; that is the oscillation.

# %% id="rise-theory"
for c in (2.05, 2.1, 2.5, 3.0):
    path = trajectories.run(one, [1e-3], c, 300).iterates[:, 0]
    predicted, leaves = float(theory.huber_rise(c, 1e-3)), np.argmax(np.abs(path) > 1)
    print(f"c = {c:4.2f}   predicted {predicted:5.1f} steps, leaves at step {leaves:3d}   ", end="")
    print(f"2-cycle {path[-2]:+.3f} / {path[-1]:+.3f}, amplitudes add up to {np.abs(path[-2:]).sum():.3f}")

# %% [markdown] id="rise-verdict"
# **Verdict: holds, and is explained.** In more dimensions every eigenvector with $\eta\lambda_i>2$ does this while
# the others converge; with centred data the start has little of the top one, and for $c$ just above 2 the loss falls
# first. The dotted step in the slider of idea 4 is this law for the top eigenvector alone: the step at which it takes
# the *first* residual past $\delta$. On U[0, 1] that is close where the rise is long. Where it is short, and on
# centred data throughout, the loss goes on rising, because the other residuals pass $\delta$ later.

# %% id="rise-ledger"
claims.ledger("E7")

# %% [markdown] id="rise-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) From $x_0=10^{-3}$, $2<c\le2.07$ (2.07: step 103); at $c=2.11$, $x_0\le3\cdot10^{-5}$. (ii) From
# $x_0=10^{-3}$, $c=6.65$: 5.63 and 1.02. The first $|x|$ past $\delta$, $\rho=|x_0|(c-1)^m$, decides; the other end
# is $c\delta-\rho$, so that they differ by $(c-2)\delta$ at most. (iii) One on each outer piece, where the slope is
# 1.
#
# </details>

# %% id="rise-check" tags=["check"]
rise.drive()
memory.drive()
inside = np.abs(run.iterates[:, 0]) <= 1
assert (np.sign(run.iterates[1:, 0]) == -np.sign(run.iterates[:-1, 0])).all()  # flips at every step
assert np.allclose(run.values[1:][inside[:-1] & inside[1:]] / run.values[:-1][inside[:-1] & inside[1:]], 1.1**2)
assert abs(np.argmax(~inside) - theory.huber_rise(2.1, start)) < 1
assert abs(np.diff(run.values[-2:])[0]) > 0.01  # the loss alternates

# %% [markdown] id="growth-claim"
# ## 6 · Kinks or growth?
#
# **Claim.** The paper calls Huber's loss non-smooth, because it is once but not twice differentiable, and presents
# the loss curves above as evidence that results for $L$-smooth losses fail there.

# %% id="growth-predict" tags=["vote"]
votes.ask("edge_of_stability.growth")

# %% id="growth-picture"
figure, (left, right) = figures.new(2, size=(10, 3.8))
x = np.linspace(1e-3, 3, 300)
shapes = {
    "Huber, δ = 1": (one, figures.VERMILLION),
    "log-cosh": (Separable("log-cosh"), figures.BLUE),
    "x²/2": (Quadratic([[1.0]]), figures.BLACK),
    "x²/2 + x⁴/4": (Separable("x²/2 + x⁴/4"), figures.PURPLE),
}
for name, (loss, color) in shapes.items():
    left.plot(x, loss.value(x[:, None]), color=color, label=name)
    right.plot(x, loss.subgradient(x[:, None])[:, 0] / x, color=color)
right.axhline(2 / 2.5, **figures.THEORY)
right.text(2.9, 0.82, "2/η, η = 2.5", ha="right", va="bottom")
left.set(xlabel="x", ylabel="f(x)", ylim=(0, 5), xlim=(0, 3))
right.set(xlabel="x", ylabel="f′(x)/x", ylim=(0, 2), xlim=(0, 3))
figures.legend(left, loc="upper left")
figures.show(
    figure,
    "A symmetric 2-cycle sits where f′(x)/x crosses 2/η. Past 2/f″(0) only losses whose secant slope falls have one.",
    alt="Left: four losses. Right: their secant slopes against x: falling for Huber and log-cosh, constant for "
    "the parabola, rising with the quartic term; a dashed line at 0.8 crosses the first two only.",
)

# %% [markdown] id="growth-play-note"
# **Play.** The second goal stands below the figure. *Questions.* (i) For each loss, find out whether it diverges at
# $\eta=2.1$. (iii) How small can a 2-cycle of Huber be? Of log-cosh?

# %% id="growth-play"
growth = explorers.growth_decides()
growth

# %% [markdown] id="growth-why"
# **Why.** By the paper's own definition (5) Huber's loss *is* $L$-smooth: its gradient
# $X^\top\mathrm{clip}(X\beta-y)/n$ is Lipschitz with $L=\lambda_{\max}(X^\top X)/n$. So theory promises convergence
# for $\eta<2/L$, and says nothing beyond. What happens beyond is read off the *secant slope*: on a symmetric 2-cycle
# $a-\eta f'(a)=-a$, that is $f'(a)/a=2/\eta$. **The secant slope, not the curvature, meets $2/\eta$.** Huber's falls
# from 1 to 0 as $a$ grows, and so does that of log-cosh, whose derivatives are all continuous; the parabola's never
# falls.

# %% id="growth-theory"
for name, (loss, _) in shapes.items():
    print(f"{name:13s}", end="")
    for lr in (1.95, 2.1, 2.5):
        x = np.abs(trajectories.run(loss, [0.01], lr, 3000, on_overflow="ignore").iterates[-2:, 0])
        end = "diverges" if not x.max() < 1e6 else f"|x| ends at {x[0]:.3f} / {x[1]:.3f}"
        print(f"   η = {lr:4.2f}: {end:27s}", end="")
    print()

# %% [markdown] id="growth-verdict"
# **Verdict: wrong.** Huber's loss is $L$-smooth; below $2/L$ gradient descent on it converges, as the theory
# promises, and above the theory is silent. An analytic loss does the same. What decides is how the loss *grows*: the
# next idea.

# %% id="growth-ledger"
claims.ledger("E5")

# %% [markdown] id="growth-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $x^2/2$ and $x^2/2+x^4/4$ diverge; the others end in 2-cycles, the smallest $\pm0.320$ for
# $\sqrt{1+x^2}-1$. (ii) $2/\tanh1=2.626$; at 2.63 it is $\pm1.003$. (iii) Huber: no end is below $\delta=1$, and they
# add up to $\eta>2$. Log-cosh: as small as you like as $\eta\to2$; $\pm0.123$ at 2.01 (from $x_0$ near 0.1: from
# 0.01, 400 steps are too few).
#
# </details>

# %% id="growth-check" tags=["check"]
growth.drive()
for lr, a in ((2.1, 0.389), (2.5, 0.888), (4.0, 1.915)):
    end = np.abs(trajectories.run(Separable("log-cosh"), [0.01], lr, 5000).iterates[-2:, 0])
    assert np.allclose(end, a, atol=1e-3) and np.allclose(lr * np.tanh(end) / end, 2)
assert np.abs(trajectories.run(Quadratic([[1.0]]), [0.01], 2.1, 400).iterates[-1, 0]) > 1e10

# %% [markdown] id="subquadratic-claim"
# ## 7 · What Ma, Wu and Ying explain
#
# **Claim.** Ma, Wu and Ying (2022) explain unstable convergence by *subquadratic growth*: a quadratic describes the
# loss in a very small neighbourhood of the minimum only, and beyond it the loss grows more slowly. The paper objects.
# (i) Huber is a counterexample: it is quadratic around its minimum. (ii) That it lacks a second derivative is to
# blame: functions that have one would all show subquadratic growth near the minimum. (Our copy has lost the symbol:
# $C^2$ or $L$-smooth. The example below is both.) (iii) Finite differences on ReLU networks are invalid, because
# their minima are not differentiable.

# %% id="subquadratic-predict" tags=["vote"]
votes.ask("edge_of_stability.subquadratic")

# %% id="subquadratic-picture"
etas = np.linspace(1.9, 3, 221)
figure, ax = figures.new(size=(9, 4.2))
for name, loss, style in (
    ("Huber", one, {**figures.NGDM, "linewidth": 4}),
    ("mollified Huber", Separable("mollified Huber"), {"color": figures.ORANGE}),
    ("log-cosh", Separable("log-cosh"), figures.SMOOTH),
):
    ends = trajectories.run(loss, [0.01], etas, 8000).iterates[-2:, :, 0]
    ax.plot(etas, np.abs(ends).mean(0), **style, label=name)
past = etas[etas > 2]
ax.plot(past, np.sqrt(3 * (1 - 2 / past)), **figures.THEORY, label="√(3(1 − 2/η)), expansion at 0")
ax.axvline(2, **figures.THRESHOLD)
ax.set(xlabel="η", ylabel="mean of the last two |x|", xlim=(1.9, 3), ylim=(0, 1.6))
figures.legend(ax, loc="lower right")
figures.show(
    figure,
    "Past 2/L log-cosh leaves 0 as its expansion says; Huber jumps to where its growth first falls behind, and so does "
    "a C² loss that is exactly quadratic near 0.",
    alt="Size of the 2-cycle against the learning rate. All are 0 up to 2. Log-cosh rises from 0 along a dashed square "
    "root; Huber jumps to 1 and the mollified Huber to 0.8.",
)

# %% [markdown] id="subquadratic-play-note"
# **Play.** The goals stand below the figure. *Questions.* (i) What becomes of the largest $q$ in the frame if you
# raise $\eta$? (ii) Which $\eta$ has a 2-cycle of exactly $\pm4$ at $q=1.5$? (iii) Change $x_0$: at which $q$ does
# the 2-cycle remember it?

# %% id="subquadratic-play"
subquadratic = explorers.growth_exponent()
subquadratic

# %% [markdown] id="subquadratic-why"
# **Why.** *Necessary, in one dimension.* Let $f$ have its minimum at 0, $h=f''(0)>0$, and suppose the growth is
# nowhere subquadratic: $f'(x)/x\ge h$ for all $x\ne0$. Then for $\eta>2/h$
#
# $$|x_{k+1}|=|x_k|\,\Bigl|1-\eta\,\frac{f'(x_k)}{x_k}\Bigr|\;\ge\;(\eta h-1)\,|x_k|,\qquad \eta h-1>1,$$
#
# and the run diverges. So a run that stays bounded past $2/h$ (and does not start at 0) must come to places where
# $f'(x)/x<h$. *Where they are* is another matter: the proof does not ask them to be near 0.
#
# *Enough, for these powers.* Where $0<f'(x)/x<2/\eta$ a step makes $|x|$ smaller. If that holds for all $|x|>a$, no
# iterate gets further out than $|x_0|$ or the largest $|x-\eta f'(x)|$ on $|x|\le a$: the run stays bounded. For
# these powers it holds beyond $a=(\eta/2)^{1/(2-q)}$, where $f'(a)/a=a^{q-2}$ equals $2/\eta$, for every $q<2$. At
# $\pm a$ itself sits the 2-cycle; there $f''(a)=(q-1)\,2/\eta$, so that two steps multiply a small deviation by
# $(3-2q)^2$: less than 1 for $1<q<2$, the cycle attracts; exactly 1 at $q=1$, it remembers the start.
#
# *A nuance.* For an even $f$ an expansion at 0 finds small 2-cycles if the fourth derivative is negative: for
# log-cosh $\tanh(a)/a\approx1-a^2/3=2/\eta$, so $a\approx\sqrt{3(1-2/\eta)}$. Huber's expansion stops at $x^2/2$, and
# its 2-cycles start at $\delta$: a purely local theory does not see them.

# %% id="subquadratic-theory"
for lr in (2.01, 2.1, 2.5, 4.0):
    cosh, huber, mollified = (
        np.abs(trajectories.run(loss, [0.01], lr, 5000).iterates[-2:, 0])
        for loss in (Separable("log-cosh"), one, Separable("mollified Huber"))
    )
    print(f"η = {lr:4.2f}   log-cosh ±{cosh[0]:.3f}, expansion ±{np.sqrt(3 * (1 - 2 / lr)):.3f}   ", end="")
    print(f"Huber {huber[0]:.3f} / {huber[1]:.3f}   mollified {mollified[0]:.3f} / {mollified[1]:.3f}")
for q in (1.2, 1.5, 1.9):
    end = np.abs(trajectories.run(PowerTail(q), [0.01], 2.5, 5000).iterates[-1, 0])
    print(f"q = {q:3.1f}, η = 2.5: ends at ±{end:.4f}, law ±{theory.power_cycle(2.5, q):.4f}")

# %% [markdown] id="subquadratic-network-note"
# **And in a network?** Second differences of the loss through the network trained in idea 2, along the top
# eigenvector $v$ of its Hessian, and through a tanh twin: $\bigl(f(\theta+tv)+f(\theta-tv)-2f(\theta)\bigr)/t^2$.
# Where $f$ grows more slowly than its parabola they fall with $t$. A third row keeps every ReLU in the state, on or
# off, that it has at $\theta$ on each image: the same network without its kinks.

# %% id="subquadratic-network"
# Needs PyTorch: second differences of the loss through the network trained in idea 2
from ngdm_helpers.course import probes

twin = networks.mlp("tanh")
networks.full_batch_gd(twin, X, Y, lr=0.2, steps=1500, sharpness_every=None)
distances = np.geomspace(0.01, 3, 25)
secants = {}
models = {"ReLU": network, "ReLU, states kept": probes.frozen(network, X), "tanh": twin}
for name, model in models.items():
    top, differences, slope = probes.second_differences(model, X, Y, distances)
    secants[name] = top, differences, 0.2 * slope  # the length of the next step
    print(f"{name:17s} Hessian {top:6.2f}   second difference over the length of the next step ", end="")
    print(f"{np.interp(0.2 * slope, distances, differences):6.2f}, over {distances[-1]:g} {differences[-1]:6.2f}")

# %% id="subquadratic-network-picture"
# Needs PyTorch: the picture of these second differences
figure, ax = figures.new(size=(9, 4))
styles = (figures.NGDM, {**figures.NGDM, "linestyle": ":"}, figures.SMOOTH)
for (name, (top, differences, step)), style in zip(secants.items(), styles, strict=True):
    ax.semilogx(distances, differences, marker=".", **style, label=f"{name}: Hessian {top:.2f}, next step {step:.3f}")
ax.axhline(2 / 0.2, **figures.THEORY, label="2/η")
ax.set(xlabel="distance t along the top eigenvector", ylabel="second difference", xlim=(0.01, 3), ylim=(0, 30))
figures.legend(ax, loc="upper left")
figures.show(
    figure,
    "Along this line tanh grows subquadratically; ReLU does not, because of its kinks (dotted: without). Both sit at "
    "the edge.",
    alt="Second differences against distance: two networks start near 10; tanh falls towards 7, ReLU rises; ReLU with "
    "its states kept stays near 10.",
)

# %% [markdown] id="subquadratic-verdict"
# **Verdict.** (i) is **wrong**: quadratic near the minimum and subquadratic beyond is what Ma, Wu and Ying describe
# (we judge by their abstract; their Definition 4.1 was not at hand), and Huber is a textbook case. (ii) is **wrong**:
# the mollified Huber is $C^2$ and $L$-smooth, exactly quadratic up to 0.8, and has 2-cycles. (iii) is **imprecise**:
# the theorem of Laurent and von Brecht concerns the hinge loss, and what a step of gradient descent meets is a
# secant, not a derivative; the ReLU network's second difference over the length of a step lies above autograd's
# Hessian, because it counts the kinks in between: with every ReLU kept in its state it does not. What this does *not*
# show: that subquadratic growth explains networks. The necessary condition is one-dimensional. In many dimensions a
# run can also escape along others (idea 2), and the ReLU network above sits at the edge without growing
# subquadratically along its top eigenvector.

# %% id="subquadratic-ledger"
claims.ledger("E9", "E10", "E11")

# %% [markdown] id="subquadratic-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) Right panel: 1.97, at $\pm1.7\cdot10^3$; 1.92 at $\eta=3.99$, 1.88 at 6, since $a=(\eta/2)^{1/(2-q)}$
# grows. It is finite for every $q<2$: at 2.5 even 1.99 ends in a 2-cycle, at $\pm4.9\cdot10^9$. (ii) $\eta=4$, since
# $a=(\eta/2)^2$; next to it 3.99 has $\pm3.98$, 4.01 $\pm4.02$. (iii) At $q=1$ only; from 1.01 on all starts end
# alike.
#
# </details>

# %% id="subquadratic-check" tags=["check"]
# Needs PyTorch: the checks of this idea
subquadratic.drive()
for lr in (2.1, 2.5, 4.0):
    for q in (1.2, 1.5, 1.9):
        end = np.abs(trajectories.run(PowerTail(q), [0.01], lr, 8000).iterates[-2:, 0])
        assert np.allclose(end, theory.power_cycle(lr, q))
    for q in (2.0, 2.5):
        x = np.abs(trajectories.run(PowerTail(q), [0.01], lr, 40, on_overflow="ignore").iterates[:, 0])
        assert (x[1:] >= (lr - 1) * x[:-1] * (1 - 1e-12)).all()  # the proof's inequality, at every step
relu = secants["ReLU"]
assert np.interp(relu[2], distances, relu[1]) > relu[0]  # over one step, above autograd's Hessian …
kept = secants["ReLU, states kept"]  # … which is the kinks' doing
assert abs(kept[0] / relu[0] - 1) < 1e-3 and np.abs(kept[1] / kept[0] - 1).max() < 0.15 < 1 < relu[1][-1] / relu[0] - 1
assert secants["tanh"][1][-1] < 0.8 * secants["tanh"][1][0] and secants["ReLU"][1][-1] > secants["ReLU"][1][0]

# %% [markdown] id="chord-claim"
# ## 8 · The chord law
#
# **Claim** (not in the paper; the quantity is the directional smoothness of Ahn, Zhang and Sra 2022). Curvature can
# be measured without a second derivative, by the chord between two consecutive iterates,
#
# $$\kappa_k=\frac{\langle g_{k+1}-g_k,\;\beta_{k+1}-\beta_k\rangle}{\|\beta_{k+1}-\beta_k\|^2}.$$

# %% id="chord-predict" tags=["vote"]
votes.ask("edge_of_stability.chord")

# %% id="chord-picture"
figure, ax = figures.new(size=(9, 4))
for c, color in zip(cs, colors, strict=True):
    chord = theory.chord_curvature(trajectories.run(problem, np.zeros(50), c / problem.smoothness, 1000), problem)
    ax.semilogx(runs.steps[1:], chord, color=color, label=f"c = {c:g}")
ax.axhline(2, **figures.THEORY)
ax.set(xlabel="step k", ylabel="η · chord curvature", xlim=(1, 1000), ylim=(0, 4.5))
figures.legend(ax, loc="upper right")
figures.show(
    figure,
    "Past the threshold the chord curvature of Huber's loss settles at exactly 2/η, whatever η.",
    alt="η times chord curvature against the step for five learning rates: those past the threshold start at "
    "their own value and settle on the dashed line at 2; the one below it stays below.",
)

# %% [markdown] id="chord-play-note"
# **Play.** One $\eta$ for all: NGDM on $|x|$, gradient descent on Huber ($n=20$, $p=50$), and three recorded networks
# (up to 0.4). *Questions.* (i) Which of them is on the line for every $\eta$? Why? (ii) Find the smallest $\eta$ at
# which Huber is on it, and compare with its $2/L$. (iii) At $\eta=0.1$, which network is furthest below the line in
# its last 1000 steps? Which has not reached it after 4000 steps, and at which $\eta$?

# %% id="chord-play"
chords = explorers.chord_law()
chords

# %% [markdown] id="chord-why"
# **Why.** On a 2-cycle $\beta_+=\beta_--\eta g_-$ and $\beta_-=\beta_+-\eta g_+$. Subtract:
# $g_+-g_-=\tfrac2\eta(\beta_+-\beta_-)$, so the chord curvature is $2/\eta$. No derivative of $g$ occurs. On Huber
# the residuals leave $\pm\delta$ one by one, which flattens the chord. Once all are outside, the change of the
# gradient is fixed, and the chord flattens because it gets longer: about $c\delta$ in each residual.

# %% id="chord-theory"
for c in (2.05, 2.5, 10.0, 100.0):
    run = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 5000)
    chord = theory.chord_curvature(run, problem)[-1]
    inside = np.mean(np.abs(run.iterates[-1] @ problem.X.T - problem.y) < 1)
    print(f"c = {c:6.2f}   η·κ = {chord:.6f}   residuals inside ±δ: {inside:.0%}")

# %% [markdown] id="chord-verdict"
# **Verdict: holds**, by two lines of algebra, exactly for Huber and ℓ1. The networks that reached the edge obey it
# nearly: they are not on a 2-cycle, but bounce almost back at every step (in the table of idea 2 the quantity is
# called directional smoothness). What it does not show: that a run *reaches* a 2-cycle. That is what growth decides
# (idea 7).

# %% id="chord-ledger"
claims.ledger("E14")

# %% [markdown] id="chord-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $|x|$: within 11 steps it is on a 2-cycle, over which the slope changes by 2 and $x$ by $\eta$. (ii)
# 0.2; $2/L=0.147$ lies between it and 0.1, where Huber converges. (iii) ReLU: 1.92 (GELU 1.98, tanh 2.00). ReLU
# again, at 0.05: 0.94. From 0.2 on all are within 0.01 of 2; tanh at 0.4 overflows.
#
# </details>

# %% id="chord-check" tags=["check"]
chords.drive()
ends = {(row["activation"], row["lr"]): row["directional"] for row in recorded.load("edge_of_stability")}
assert all(abs(ends[name, lr] - 2) < 0.02 for name in ("relu", "tanh", "gelu") for lr in (0.2, 0.3))  # networks: nearly
for c in (2.5, 10.0, 100.0):
    run = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 5000)
    assert np.allclose(theory.chord_curvature(run, problem)[-100:], 2, atol=1e-3)

# %% [markdown] id="local-claim"
# ## 9 · Fewer parameters than samples: the threshold is local
#
# **Claim.** The paper argues with an over-parameterised problem: the minimum is 0 and the loss is quadratic around
# it. (Our consequence: the local threshold is the global $2/L$.)

# %% id="local-predict" tags=["vote"]
votes.ask("edge_of_stability.local")

# %% id="local-picture"
deltas, thresholds = np.geomspace(0.1, 2, 30), {5: [], 20: []}
for p, found in thresholds.items():
    for delta in deltas:
        tall = problems.huber_problem("U[0, 1]", delta, n=50, p=p)
        path = trajectories.run(tall, np.zeros(p), 1 / tall.smoothness, 3000, "fista", record_every=3000)
        interior = np.abs(tall.X @ path.iterates[-1] - tall.y) < delta
        found.append(theory.local_threshold(tall.X, interior) * tall.smoothness)

figure, ax = figures.new(size=(9, 4))
for (p, found), style in zip(thresholds.items(), (figures.NGDM, figures.NGDM_LARGE), strict=True):
    ax.semilogx(deltas, found, marker="o", **style, label=f"p = {p}")
ax.axhline(2, **figures.THRESHOLD)
ax.set(xlabel="δ", ylabel="local threshold, in units of 1/L", xlim=(0.1, 2), ylim=(0, 7))
ax.set_xticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
ax.minorticks_off()
figures.legend(ax, loc="upper right")
figures.show(
    figure,
    "The smaller δ, the fewer residuals count near the minimum, and the larger the learning rate it tolerates.",
    alt="Local threshold against δ on a logarithmic axis for two numbers of parameters: from 6 and 3 at δ = 0.1 down "
    "to the dotted line at 2.",
)

# %% [markdown] id="local-play-note"
# **Play.** The goals stand below the figure. *Question.* (ii) What is special about the smallest $\delta$ at which
# the dashed and the dotted line meet?

# %% id="local-play"
local = explorers.local_edge()
local

# %% [markdown] id="local-why"
# **Why.** Near the minimiser a residual with $|r_i|>\delta$ contributes a constant to the gradient and nothing to its
# derivative. The Hessian there is $X_I^\top X_I/n$ with $I=\{i:|r_i|<\delta\}$, and its largest eigenvalue is at most
# $L$. So the minimum is left at $2/\lambda_{\max}(X_I^\top X_I/n)\ge2/L$; equal if all residuals are inside.

# %% [markdown] id="local-verdict"
# **Verdict: holds if** $p\ge n$ and $X$ has rank $n$. Otherwise the minimum is in general above 0, and once residuals
# lie beyond $\pm\delta$ it tolerates learning rates above the global $2/L$.

# %% id="local-ledger"
claims.ledger("E8")

# %% [markdown] id="local-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $p=5$ and $\delta\le0.135$: 6.28, with 15 of 50 residuals inside $\pm\delta$. With $p=20$ 3.01 is the
# most. (ii) From $\delta=0.701$ on for $p=5$, from 0.519 on for $p=20$: the first on the slider above the largest
# residual (0.674, 0.453). All residuals are inside, and near the minimum the loss is least squares.
#
# </details>

# %% id="local-check" tags=["check"]
local.drive()
for p, most in ((5, 6), (20, 3)):
    assert min(thresholds[p]) >= 2 - 1e-9 and np.isclose(thresholds[p][-1], 2) and max(thresholds[p]) > most

# %% [markdown] id="toy-claim"
# ## 10 · A toy problem?
#
# **Claim.** The section ends with a proposal: to build the theory on the convex ReLU network of notebook 1,
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2,\qquad y\le0,\qquad(3)$$
#
# (penalties are optional). It names three advantages: (3) is convex; its optimum, 0, is known; and the optimum is a
# point of non-differentiability.

# %% id="toy-predict" tags=["vote"]
votes.ask("edge_of_stability.toy")

# %% id="toy-by-hand"
u, v = problems.TWO_WEIGHTS  # a rival: ½(uv − 1)², a linear network of two weights on one sample
for k in range(41):
    if k % 10 == 0:
        print(f"step {k:2d}   loss {(u * v - 1) ** 2 / 2:.1e}   curvature {theory.product_sharpness([u, v]):.3f}")
    u, v = u - 0.1 * (u * v - 1) * v, v - 0.1 * (u * v - 1) * u

# %% id="toy-picture"
figure, (left, right) = figures.new(2, size=(10, 3.8))
for seed, color in enumerate((figures.VERMILLION, figures.BLUE, figures.GREEN)):
    toy, start = problems.relu_toy(seed=seed)
    path = trajectories.run(toy, start, 0.2 / toy.curvature, 60).iterates
    left.plot(theory.active_curvature(toy, path) / toy.curvature, marker=".", linewidth=0.8, color=color)
left.axhline(1, **figures.THEORY)
left.set(xlabel="step k", ylabel="curvature of (3) / L", xlim=(0, 60), ylim=(0, 1.1))
for lr, style in ((0.05, figures.SMOOTH), (0.76, figures.NGDM)):
    path = trajectories.run(Product(), problems.TWO_WEIGHTS, lr, 60).iterates
    right.plot(theory.product_sharpness(path), marker=".", **style, label=f"η = {lr:g}")
right.axhline(2 / 0.76, **figures.THRESHOLD, label="2/η for η = 0.76")
right.set(xlabel="step k", ylabel="curvature of ½(uv − 1)²", xlim=(0, 60), ylim=(1.5, 4))
figures.legend(right, loc="upper right")
figures.show(
    figure,
    "The curvature of (3) jumps as rows switch on and off; that of two weights rises, and comes down once past 2/η.",
    alt="Left: curvature of (3) for three draws, jumping between about 0.27 and 0.84 of a dashed bound. Right: "
    "curvature of the two-weight loss: rising smoothly at the small rate; at the large one jumping about a dotted line "
    "and settling below it.",
)

# %% [markdown] id="toy-play-note"
# **Play.** The fourth goal stands below the figure. *Questions.* (i) Raise $|y|$: does the bound on the curvature of
# (3) move? How close does the run get to the optimum? (ii) With $|y|=1$, from which $c$ on does the loss of (3) keep
# growing? What does it do between 2 and there? (iii) Switch to $X$ from U[0, 1] and try to make it diverge. (iv)
# Where does the run of goal (iv) end?

# %% id="toy-play"
toys = explorers.toy_problem()
toys

# %% [markdown] id="toy-map-note"
# **The map.** The two weights once more, from 102 400 starts $(u,v)$: the colour is the sharpness after 60 steps. Look
# for a start that ends just below $2/\eta$, then zoom in on the border with divergence.

# %% id="toy-map"
plane = explorers.basins()
plane

# %% [markdown] id="toy-why"
# **Why.** Where (3) is twice differentiable its Hessian is $2X_A^\top X_A$, with $A=\{i:x_i^\top\beta>0\}$ the active
# rows. Which rows are active depends on $\beta$; what they contribute does not. So the largest curvature takes
# finitely many values, none above $L=2\lambda_{\max}(X^\top X)$, and nothing drives it towards $2/\eta$. In
# ½$(uv-1)^2$ one weight multiplies the other: the largest curvature at a minimiser, $uv=1$, is $u^2+v^2$, which
# varies. Gradient flow keeps $u^2-v^2$ and, from this start, sharpens on its way; past $2/\eta$ the oscillation
# across the valley drives the iterate along it, to a flatter minimum.
#
# For (3) $L$ is only the largest curvature possible, not a Lipschitz constant: at a kink the gradient jumps. Nor is
# $2/L$ its threshold, since only some rows are active at a time. In the table below no draw diverges up to $c=4$: the
# runs stay on cycles, which lie higher the larger $c$. At 8 all diverge: (3) grows quadratically, and unlike Huber's
# its gradient is not bounded. (If $X\beta<0$ has a solution, as for non-negative $X$, the iterate can jump there, and
# stays.)

# %% id="toy-theory"
for c in (0.2, 2.0, 4.0, 6.0, 8.0):
    gone, gaps = 0, []
    for seed in range(20):
        toy, start = problems.relu_toy(seed=seed)
        run = trajectories.run(toy, start, c / toy.curvature, 400, on_overflow="ignore")
        if run.values[-1] < 1e12:
            gaps.append(run.values[-50:].mean() - (toy.y**2).sum())
        else:
            gone += 1
    rest = f"median f − f* of the others {np.median(gaps):.3g}" if gaps else ""
    print(f"c = {c:3.1f}: {gone:2d} of 20 draws diverge   {rest}")

# %% [markdown] id="toy-verdict"
# **Verdict: holds if** the theory is one of *kinks*. For that (3) is well chosen: the optimum is known, it is a kink,
# and $|y|$ sets how strong; notebook 1 uses it so. For the Edge of Stability it lacks both halves: no progressive
# sharpening, and at large rates cycles high above the optimum, a jump to a flat region, or divergence, instead of a
# loss that falls in the long run. Two weights do better. What they do not show: hovering at $2/\eta$ for long.

# %% id="toy-ledger"
claims.ledger("E13")

# %% [markdown] id="toy-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) No: $L$ does not contain $y$. At $c=0.2$ the last $f-f^*$ is 0.00068 for $|y|=0$, 0.25 for 1, 1.3 for
# 3. (ii) At $|y|=1$ from 5.28, where it passes $10^7$ (the title says so from 5.51). Before: bounded cycles above the
# optimum (2.2 at 2.01, 23 at 4), no falling loss. (iii) It does not up to 8: from $c=0.784$ on (at $|y|=1$) it jumps
# to where no row is active. (iv) From 2.01 to 2.79 it passes $2/\eta$ and ends at a flatter minimiser: at 2.2, 2.34
# below 2.63. From 2.92 it does not settle, from 3.97 it diverges.
#
# </details>

# %% id="toy-check" tags=["check"]
toys.drive()
plane.drive()
for seed in range(20):
    toy, start = problems.relu_toy(seed=seed)
    path = trajectories.run(toy, start, 0.2 / toy.curvature, 200).iterates
    assert theory.active_curvature(toy, path).max() <= toy.curvature * (1 + 1e-12)
slow, fast = (trajectories.run(Product(), problems.TWO_WEIGHTS, lr, 400).iterates for lr in (0.05, 0.76))
sharp = theory.product_sharpness(slow)
assert (np.diff(sharp) > -1e-12).all() and abs(sharp[-1] / theory.product_flow_sharpness(slow[0]) - 1) < 0.01
assert theory.product_sharpness(fast).max() > 2 / 0.76 > theory.product_sharpness(fast)[-1]  # past the edge, and back

# %% [markdown] id="ledger-note"
# ## The ledger
#
# All claims of the four notebooks: what the paper says (P: preliminaries, C: convergence, L: LASSO, E: Edge of
# Stability), its value, ours and the verdict; rows marked *beyond* are ours. Every row is measured when the cell
# runs; where one says *recorded*, a run too long for class was measured once, and the row reads it.

# %% id="ledger" tags=["check"]
table = claims.ledger()
verdicts = [claim.verdict for claim, _ in table.rows]
counts = {verdict: verdicts.count(verdict) for verdict in claims.VERDICTS if verdict in verdicts}
print(f"{len(verdicts)} claims: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
table

# %% [markdown] id="exercise-1"
# ## Exercises
#
# **1.** Gradient descent on $x^2/2$ at $\eta=2$ exactly. What happens, and what has it in common with Proposition
# 3.2?
#
# <details><summary>Hint</summary>
#
# Multiply by $1-\eta$ twice.
#
# </details>
# <details><summary>Solution</summary>
#
# $x\to-x\to x$: every start but 0 lies on its own 2-cycle, and as in Proposition 3.2 the orbit remembers the start.
# Its chord curvature is $2/\eta=1$, the curvature of the parabola.
#
# </details>

# %% id="exercise-1-solution" tags=["solution"]
neutral = trajectories.run(Quadratic([[1.0]]), [0.7], 2.0, 6)
print(neutral.iterates[:, 0], theory.chord_curvature(neutral, Quadratic([[1.0]])) / 2.0)

# %% [markdown] id="exercise-2"
# **2.** For $f=\sqrt{1+x^2}-1$, solve $f'(a)/a=2/\eta$ by hand and check it at $\eta=2.5$.
#
# <details><summary>Hint</summary>
#
# $f'(x)=x/\sqrt{1+x^2}$.
#
# </details>
# <details><summary>Solution</summary>
#
# $1/\sqrt{1+a^2}=2/\eta$ gives $a=\sqrt{\eta^2/4-1}$, which is 0.75 at $\eta=2.5$.
#
# </details>

# %% id="exercise-2-solution" tags=["solution"]
print(trajectories.run(Separable("√(1 + x²) − 1"), [0.01], 2.5, 2000).iterates[-2:, 0], np.sqrt(2.5**2 / 4 - 1))

# %% [markdown] id="exercise-3"
# **3.** *(open-ended)* On ½$(uv-1)^2$ every minimiser has curvature $u^2+v^2\ge2uv=2$. What does that say about
# $\eta>1$? Try 0.9, 1.1, 1.4 and 2 from (1.0, 0.6), and compare with Huber past $2/L$. On which side of the valley
# does this loss grow subquadratically?
#
# <details><summary>Hint</summary>
#
# A minimum is left if its curvature exceeds $2/\eta$. Count how many different points the last 200 iterates visit.
#
# </details>
# <details><summary>Solution</summary>
#
# For $\eta>1$ no minimiser is stable, so almost no start converges. At 1.1 and 1.4 the run goes to the line $u=v$, on
# which the loss is ½$(u^2-1)^2$: at 1.1 it ends in a 2-cycle around the flattest minimum (1, 1), at 1.4 it wanders
# without repeating itself. At 2 it overflows before it gets there; on the line itself $u\to3u-2u^3$ would stay within
# $\pm\sqrt2$. Towards 0 the loss grows more slowly than its parabola, outwards faster: the subquadratic
# side catches the iterate as long as the other one does not throw it too far.
#
# </details>

# %% id="exercise-3-solution" tags=["solution"]
for lr in (0.9, 1.1, 1.4, 2.0):
    run = trajectories.run(Product(), [1.0, 0.6], lr, 3000, on_overflow="ignore")
    places = len(np.unique(run.iterates[-200:].round(4), axis=0))
    end = f"{places} different points among the last 200" if run.overflow_step is None else "overflows"
    print(f"η = {lr}: {end}")

# %% [markdown] id="read-next"
# ## Read next
#
# * J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar, *Gradient descent on neural networks typically occurs at
#   the edge of stability* (2021): the phenomenon.
# * C. Ma, L. Wu and L. Ying, *The multiscale structure of neural network loss functions* (2022): subquadratic growth.
# * A. Damian, E. Nichani and J. D. Lee, *Self-stabilization* (2023): why the sharpness comes back to 2/η.
# * L. Chen and J. Bruna, *On gradient descent convergence beyond the edge of stability* (2022): 2-cycles.
# * K. Ahn, J. Zhang and S. Sra, *Understanding the unstable convergence of gradient descent* (2022): directional
#   smoothness.
# * S. K. Kumar, *GD doesn't make the cut*, Section 4.
