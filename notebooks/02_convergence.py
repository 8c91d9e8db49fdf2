# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # 2 · Convergence: what a kink changes, and what it does not
#
# This notebook works through Section 2 of *GD doesn't make the cut* (Kumar, arXiv 2401.08426). The section argues
# that *NGDM*, gradient methods run on losses with kinks, has other dynamics than gradient descent (Proposition 2.1,
# Figure 1), that $L$-smooth theory does not cover it, and that it is slower (Figure 2). Its pictures are easy to
# reproduce. We reproduce them, put a smooth twin next to each, and see what is left of the difference.
#
# **Afterwards you can**
#
# 1. say what the capture theorem promises, and why a run that leaves the cube refutes nothing;
# 2. predict from $X^\top X$ whether gradient descent keeps the cube, and name the step sizes at which steep bends
#    matter;
# 3. measure $L$ across a kink, and say what rounding it off changes;
# 4. read $1/\varepsilon$ and $1/\varepsilon^2$ as what they are: bounds for the worst function, which for
#    $1/\varepsilon^2$ lives in a dimension that grows as $\varepsilon$ falls;
# 5. name the controls that separate smoothness from shape when activations are compared;
# 6. name the assumptions that ReLU networks do satisfy, and what follows from them.
#
# **Time:** 75 minutes of class for ideas 1, 2, 4 and 5 (there, from the gain slider on, for home), with one goal a
# slider; ideas 3 and 6 are for a second session or for home. **Assumed:** notebook 1; eigenvalues; norms.
#
# *Run all cells first (Run → Run All Cells). Every picture with sliders is live: drag, use the arrow keys, or click a
# mark.*

# %% id="imports"
import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import MaxNorm, NeuronRegression, SmoothMaxNorm
from ngdm_helpers.course import claims, explorers, problems, recorded, votes
from ngdm_helpers.objectives import Huber, Quadratic, ReLURegression

# %% [markdown] id="capture-claim"
# ## 1 · Cube, ball, sublevel set
#
# **Claim.** *Proposition 2.1:* let gradient descent on a continuously differentiable $f$ produce values that never
# rise. If $\beta^*$ is an isolated local minimum in a unit ball around it, and $\|\beta_0-\beta^*\|<1$, then
# $\|\beta_k-\beta^*\|<1$ for all $k$. The paper cites the *capture theorem* (Bertsekas, Proposition 1.2.5), and then
# applies the proposition with $\|\cdot\|_\infty$, for which the unit ball is the cube $[-1,1]^p$.

# %% id="capture-predict" tags=["vote"]
votes.ask("convergence.capture")

# %% id="capture-by-hand"
A, beta = np.array([[1.0, 2.0], [2.0, 5.0]]), np.array([-0.99, 0.99])
for k in range(7):
    cube, ball = np.abs(beta).max(), np.linalg.norm(beta)
    print(f"step {k}   f = {beta @ A @ beta / 2:.4f}   ‖β‖_∞ = {cube:.3f}   ‖β‖₂ = {ball:.3f}")
    beta = beta - 0.1 * A @ beta  # gradient descent, one line

# %% id="capture-picture"
parabola = Quadratic(A)
run = trajectories.run(parabola, [-0.99, 0.99], lr=0.1, steps=150)
side = np.linspace(-1.4, 1.4, 301)
field = parabola.value(np.stack(np.meshgrid(side, side), axis=-1))
level = theory.capture_level(A, np.inf)

figure, ax = figures.new(size=(6.4, 5.6))
ax.contourf(side, side, field, levels=[0, level], colors=[figures.BLUE], alpha=0.25)
ax.contour(side, side, field, levels=[run.values[0]], colors=[figures.BLUE], linewidths=1)
ax.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color="0.35")
angle = np.linspace(0, 2 * np.pi, 200)
ax.plot(np.cos(angle), np.sin(angle), color="0.6", linewidth=1)
ax.plot(*run.iterates.T, marker=".", **figures.SMOOTH)
ax.text(0.2, -0.22, "S", fontsize=14)
ax.text(-0.96, -0.96, "cube")
ax.text(0.0, 0.92, "ball", ha="center", va="top")
ax.set(xlabel="β₁", ylabel="β₂", aspect="equal", xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
figures.show(
    figure,
    "Gradient descent on a quadratic leaves the cube while its loss falls: its level lines stick out of the cube.",
    alt="A square, the unit circle in it and a thin shaded ellipse that touches the square from inside. A path starts "
    "in a corner of the square, leaves it to the left, returns and ends in the middle.",
)

# %% [markdown] id="capture-play-note"
# **Play.** $A$ has the diagonal $1,5$ and the correlation $\rho$; the start is $(-t,t)$. The shaded set $S$ is the
# largest sublevel set inside the cube, the thin line the level of the start. *Kinks* turns the loss into an instance
# of the paper's (3) with $y<0$: it adds a multiple of $|x_1^\top\beta|+|x_2^\top\beta|$.
#
# The first goal stands below the figure. *Questions.* (ii) Click the first mark: up to which $t$ does the run stay in
# the cube, and up to which $t$ does $S$ promise it? (iii) Click “with kinks”: does the exit change? Which curve shows
# the kinks first, and at which step? Then click the two marks at $1.9/L$: what becomes of the loss?

# %% id="capture-play"
capture = explorers.capture()
capture

# %% [markdown] id="capture-why"
# **Why.** As we remember it (the book was not at hand), the capture theorem says that *there is* an open set $S$
# around $\beta^*$, as small as one likes, that is never left once entered, for steps that are bounded and
# proportional to the gradient. Proposition 2.1 takes $S$ to be the ball. Without convexity that fails in every norm,
# on the line already: a start in the ball may belong to another minimum (last line below). Let $f$ be convex and the
# minimiser 0.
#
# **A. Sublevel sets capture.** *$f$ convex with the single minimiser 0, any norm, $m=\min_{\|\beta\|=1}f$. Then
# $S=\{f<m\}$ lies in the unit ball, and a sequence with falling values that is in $S$ stays there.* If
# $\|\beta\|\ge1$, the segment from 0 to $\beta$ meets the sphere, where $f\ge m$; along it $f$ does not fall, so
# $f(\beta)\ge m$. Neither a gradient nor its existence was used: **a run with falling values obeys this with kinks or
# without.**
#
# **B. Balls keep.** *$f$ convex and $L$-smooth, $\eta\le2/L$: $\|\beta_k\|_2$ never rises.* Expand the square and use
# $\langle\nabla f,\beta\rangle\ge\|\nabla f\|^2/L$: $\|\beta_{k+1}\|_2^2\le\|\beta_k\|_2^2-\eta\,(2/L-\eta)\|\nabla
# f(\beta_k)\|^2$. For a subgradient $g$ of a convex $f$ it falls whenever $f(\beta_k)-f^*>\tfrac\eta2\|g\|^2$.
#
# **C. Cubes keep only sometimes.** *On $\tfrac12\beta^\top A\beta$ the cube is kept from every start in it if and
# only if $\|I-\eta A\|_\infty\le1$; for $\eta\le1/\max A_{ii}$, if and only if $A$ is **diagonally dominant**.* That
# norm is the largest row sum $|1-\eta A_{ii}|+\eta\sum_{j\ne i}|A_{ij}|$.

# %% id="capture-theory"
print(f"S in the cube: m = min 1/(2(A⁻¹)ᵢᵢ) = {level:.3f}, in the ball: λmin/2 = {theory.capture_level(A, 2):.3f};")
print(f"the start has f = {run.values[0]:.3f}: no promise was made")
for rho in (0.4, 1 / np.sqrt(5), 0.5, 2 / np.sqrt(5)):
    M = np.array([[1, rho * np.sqrt(5)], [rho * np.sqrt(5), 5]])
    dominant, gain = theory.diagonally_dominant(M), theory.cube_gain(M, 0.1)
    print(f"ρ = {rho:.3f}   ‖I − ηA‖_∞ = {gain:.3f}   diagonally dominant: {dominant}")
rng = np.random.default_rng(0)
for p in (2, 3, 4, 10):
    X = rng.uniform(0, 1, (1000, p))
    print(f"X from U[0, 1], n = 1000, p = {p:2d}: XᵀX diagonally dominant: {theory.diagonally_dominant(X.T @ X)}")
x = 0.9
for _ in range(100):
    x -= 0.1 * x * (x - 0.5) * (x - 2)  # the slope of a polynomial with minima at 0 and 2 and a hill at ½
print(f"not convex, minima at 0 and 2: from 0.9, in the unit ball about 0, gradient descent goes to {x:.3f}")

# %% [markdown] id="capture-verdict"
# **Verdict: wrong.** Smooth gradient descent with a falling loss may leave the unit ball that it started in, when the
# ball is a cube. What is true is A: some sublevel set inside the ball captures, for every method with falling values.
# So “the loss fell and the iterate left the ball” can never testify against differentiability; it only says that the
# start was outside $S$. What it does *not* show: that kinks never matter. Near the minimiser and for large steps they
# do, and so do bends that are merely steep: see the end of idea 2.

# %% [markdown] id="capture-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $1/\sqrt5=0.447$, where diagonal dominance ends: 0.44 stays, 0.45 leaves. (ii) It stays up to $t=0.88$;
# $S$ promises that only below $1/\sqrt{10}=0.316$. (iii) Hardly: $\max\|\beta\|_\infty=1.123$, not 1.120. The loss
# shows them first, in zigzags from step 24 on. At $1.9/L$ with kinks it rises, to $12f_0$, and the norms with it;
# without kinks all three go to 0.
#
# </details>

# %% id="capture-check" tags=["check"]
capture.drive()
assert problems.is_monotone(run) and abs(np.abs(run.iterates).max() - 1.120) < 5e-4
assert (np.diff(np.linalg.norm(run.iterates, axis=-1)) < 0).all() and abs(x - 2) < 1e-3
starts = rng.uniform(-1, 1, (20_000, 2))
kept = trajectories.run(parabola, starts[parabola.value(starts) < level], 0.1, 100).iterates
assert kept.shape[1] > 1000 and np.abs(kept).max() < 1  # from S, no run leaves the cube
corners = np.array([[-1.0, 1.0], [1.0, 1.0]])
for rho in np.linspace(0, 0.95, 20):
    M = np.array([[1, rho * np.sqrt(5)], [rho * np.sqrt(5), 5]])
    out = np.abs(trajectories.run(Quadratic(M), corners, 0.1, 100).iterates).max() > 1 + 1e-12
    assert out == (not theory.diagonally_dominant(M))

# %% [markdown] id="figure-claim"
# ## 2 · Figure 1, reproduced and tested
#
# **Claim.** *Figure 1* runs NGDM on the paper's loss
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2+\lambda_1\|\beta\|_1+\lambda_2\|\beta\|^2,\qquad y\le0,\qquad(3)$$
#
# from random $X$, $y$ and $\beta_0$. The loss falls monotonically, and $\|\beta\|_\infty$ passes 1. The paper sees
# the capture theorem contradicted, hence dynamics unlike gradient descent's, and adds that this is to be expected of
# a method that is not a descent method. (Our copy of the paper lost all sizes. We take $n=50$, $p=100$, $X$ from
# $U[0,1]$, $y$ from $U[-1,0]$, $\beta_0$ from $U[-1,1]$, $\lambda_1=\lambda_2=0.1$, $\eta=8\cdot10^{-5}$ and seed 2.)

# %% id="figure-predict" tags=["vote"]
votes.ask("convergence.figure")

# %% id="figure-by-hand"
X, y, start = (drawn[0] for drawn in problems.random_problems(n=50, p=100, low=0.0, seeds=[2]))
for name, response, lam1 in (("with kinks ", y, 0.1), ("smooth twin", 0 * y, 0.0)):
    beta = start
    for _ in range(500):
        z = X @ beta
        slope = 2 * X.T @ (np.where(z > 0, z - response, 0)) + lam1 * np.sign(beta) + 2 * 0.1 * beta
        beta = beta - 8e-5 * slope  # (2), what automatic differentiation runs
    print(f"{name}   ‖β‖_∞ before {np.abs(start).max():.3f}, after 500 steps {np.abs(beta).max():.3f}")

# %% id="figure-picture"
pair = ReLURegression(X, [y, 0 * y], lam1=[0.1, 0.0], lam2=0.1)  # both losses, one call
run = trajectories.run(pair, start, lr=8e-5, steps=2000)
size = np.abs(run.iterates).max(axis=-1)

figure, (left, right) = figures.new(2, size=(10.5, 4))
for column, (name, style) in enumerate((("NGDM, with kinks", figures.NGDM), ("GD, smooth twin", figures.SMOOTH))):
    left.loglog(run.steps + 1, run.values[:, column], **style, label=name)
    right.semilogx(run.steps + 1, size[:, column], **style)
right.axhline(1, **figures.THRESHOLD)
left.set(xlabel="step k + 1", ylabel="f", xlim=(1, 2000))
right.set(xlabel="step k + 1", ylabel="‖β‖_∞", xlim=(1, 2000), ylim=(0.9, 1.2))
figures.legend(left, loc="lower left")
print(
    f"largest ‖β‖_∞: {size.max(axis=0).round(3)} at step {size.argmax(axis=0)}; loss falls: {problems.is_monotone(run)}"
)
figures.show(
    figure,
    "Both losses fall at every step, and both runs leave the cube; without kinks the run goes a little further.",
    alt="Left: two falling loss curves on logarithmic scales. Right: the ∞-norm of both runs, rising from 0.99 through "
    "the dotted line at 1 to above 1.12, nearly on top of each other.",
)

# %% [markdown] id="figure-play-note"
# **Play.** Every curve comes in a pair: with kinks, and the smooth twin. $L$ is the largest curvature
# $2\lambda_{\max}(X^\top X)+2\lambda_2$.
#
# The goals stand below the figure. *Question.* (ii) Make the steps as small as you can: does the exit go away?

# %% id="figure-play"
figure_one = explorers.figure_one()
figure_one

# %% [markdown] id="figure-why"
# **Why.** By Theorem C of idea 1 the cube is kept only if the curvature matrix is diagonally dominant. For $X$ from
# $U[0,1]$, $X^\top X/n\approx\tfrac1{12}I+\tfrac14\mathbf 1\mathbf 1^\top$: the off-diagonal row sum $(p-1)/4$ beats
# the diagonal $1/3$ from $p=3$ on. For $X$ from $U[-1,1]$ the off-diagonal entries of $X^\top X$ are of size
# $\sqrt{n}/3$ against $n/3$, which is too much once $p-1$ exceeds about $1.25\sqrt{n}$. The ReLU only decides which
# rows of $X$ count. (Dominance decides about the worst start; a random one may stay in the cube without it.) One seed
# proves little, so here are 100 seeds, and four losses: the paper's, the squared hinge $y=0$, softplus in place of
# ReLU (analytic), and plain ridge regression (quadratic); $\lambda_1=0$ throughout. `NeuronRegression` holds the
# activation as a parameter of the batch, so the 400 runs of a setting are **one call**. (ReLU leaves more often than
# the hinge because $y$ pulls as well: softplus, with the same $y$ and no kink, does too.)

# %% id="figure-table"
settings = {  # n, p, low end of X, λ₂, c = ηL
    "X ≥ 0, 50 × 100": (50, 100, 0.0, 0.1, 0.2),
    "X ≥ 0, 20 × 10": (20, 10, 0.0, 0.1, 0.2),
    "centred, 50 × 100": (50, 100, -1.0, 1.0, 0.05),
    "centred, 100 × 10": (100, 10, -1.0, 1.0, 0.05),
}
shares, falling, dominant = {}, {}, {}
for name, (n, p, low, lam2, c) in settings.items():
    Xs, ys, starts = problems.random_problems(n, p, low, seeds=range(100))
    losses = problems.four_losses(Xs, ys, lam2)  # batch (4, 100)
    runs = trajectories.run(losses, starts, c / losses.curvature, steps=300)
    shares[name] = problems.leaves_falling(runs, np.inf).sum(axis=-1)
    falling[name] = problems.is_monotone(runs).sum(axis=-1)
    dominant[name] = theory.diagonally_dominant(Xs.swapaxes(1, 2) @ Xs).sum()

short = [loss.partition(",")[0] for loss in problems.FOUR_LOSSES]
print(f"{'runs of 100 that leave the cube before the loss ever rises':64s}", *(f"{loss:>13s}" for loss in short))
for name in shares:
    label = f"{name}, XᵀX diagonally dominant in {dominant[name]}"
    print(f"{label:64s}", *(f"{count:13d}" for count in shares[name]))
    print(f"{'    loss falls for all 300 steps':64s}", *(f"{count:13d}" for count in falling[name]))

# %% id="figure-bars"
figure, ax = figures.new(size=(9.5, 4))
colors = (figures.VERMILLION, figures.SKY, figures.PURPLE, figures.BLACK)
for column, (loss, color) in enumerate(zip(problems.FOUR_LOSSES, colors, strict=True)):
    heights = [out[column] for out in shares.values()]
    bars = ax.bar(np.arange(len(shares)) + 0.2 * (column - 1.5), heights, 0.18, color=color, label=loss)
    ax.bar_label(bars, fontsize=11)
ax.set_xticks(range(len(shares)), shares)
ax.set(ylabel="runs of 100", ylim=(0, 145))
figures.legend(ax, loc="upper right", ncols=2)
figures.show(
    figure,
    "Whether a run leaves the cube while its loss falls is a matter of the data; losses without kinks do it too.",
    alt="Bars for four data settings and four losses. With 50 samples and 100 columns, between 57 and 92 of 100 runs "
    "leave the cube, with kinks or without; with 20 and 10, between 17 and 34; with 100 and 10, none.",
)

# %% [markdown] id="figure-kinks"
# **Where the kinks do matter.** In the last setting the runs come close to the minimiser, which is on a kink, and
# there the loss of every ReLU run rises at some step: NGDM is no descent method, though Figure 1 does not show it.
# And Theorem B protects the ball only if $\eta\le2/L$ for the loss's own $L$. With a kink, $\|\beta\|_2$ can rise,
# but only where $f(\beta)-f^*\le\tfrac\eta2\|g\|^2$: close to the minimiser, or, from starts of size 1, with $\eta$
# of order $1/L$, where $L$ is now the curvature *between* the kinks. Take $n=20$, $p=5$, and count the runs whose
# $\|\beta\|_2$ exceeds its start before the loss has ever risen. The last row rounds the kinks off: softplus of width
# 0.01, analytic, but with an $L$ of its own far above $2/\eta$.

# %% id="figure-kinks-count" slideshow={"slide_type": "-"}
Xs, ys, starts = problems.random_problems(20, 5, 0.0, seeds=range(100))
cs = np.array([0.5, 1.0, 1.5, 1.9])
strengths, widths = np.array([0.0, 0.2, 1.0, 5.0, 1.0]), np.array([0.0, 0.0, 0.0, 0.0, 0.01])  # the last: rounded off
kinked = NeuronRegression(Xs, strengths[:, None, None, None] * ys, width=widths[:, None, None], lam2=1e-3)
fast = trajectories.run(kinked, starts, cs[:, None] / kinked.curvature, steps=60)  # rows × c × seeds, one call
exits = problems.leaves_falling(fast, 2).sum(axis=-1)
print("‖β‖₂ exceeds its start before the loss rises, runs of 100   c =", *(f"{c:5g}" for c in cs))
for strength, width, row in zip(strengths, widths, exits, strict=True):
    kind = "no kinks" if strength == 0 else f"rounded, width {width}" if width else "kinks"
    print(f"|y| up to {strength:<3g} {kind:49s}", *(f"{count:5d}" for count in row))
worst = NeuronRegression(Xs, ys, width=0.01, lam2=1e-3).smoothness / kinked.curvature
print(f"the rounded loss's own L: at most {worst.min():.0f} to {worst.max():.0f} times the curvature between kinks")

# %% [markdown] id="figure-verdict"
# **Verdict.** The observation **holds if** the ball is the cube; the 2-norm falls throughout. As a contradiction it
# is void: the smooth twin does the same, under the same $\eta$, and so do softplus and ridge regression on the same
# data. Nor does the figure show that NGDM “is not a descent method”: its loss falls at every step. What the figure
# could have shown is the last table: with $\eta$ of order $1/L$, the curvature between the kinks, a jump of the slope
# can throw the iterate out of the *ball*. So can the same jump rounded off on a short scale. It is the size of $\eta
# L$ that counts, with $L$ infinite for a kink, and not differentiability.

# %% id="figure-ledger"
claims.ledger("C1", "C2")

# %% [markdown] id="figure-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) 20 of the 100 seeds, the first of them 10. Only the run with kinks leaves for 59 and 66, by less than
# 0.003. (ii) No: at $c=0.02$, seed 2 still gets to 1.084 (twin 1.081), only later; of 100 seeds 76 leave instead of
# 80, of the twins 69 instead of 78. (iii) From $c=1.54$ down; at 1.58 it reaches 1.018 times its start. (The twin
# stays below for $c<2$.)
#
# </details>

# %% id="figure-check" tags=["check"]
figure_one.drive()
assert problems.is_monotone(run).all() and np.allclose(size.max(axis=0), [1.1218, 1.126], atol=1e-3)
assert (np.diff(np.linalg.norm(run.iterates, axis=-1), axis=0) < 0).all()  # the ball is kept
wide, narrow, centred, tall = shares.values()
assert wide.min() > 60 and centred.min() > 40 and 10 < narrow.max() < 50 and tall.max() == 0
assert wide[1] > 0.8 * wide[0]  # no kinks, nearly as many exits
assert all((falling[name] == 100).all() for name in list(shares)[:3])
assert (exits[0] == 0).all() and 40 < exits[2, -1] < 65 and exits[3, -1] > exits[2, -1]
assert np.abs(exits[4] - exits[2]).max() <= 5 and (falling["centred, 100 × 10"][0] < 10)  # rounded off: as many

# %% [markdown] id="smoothness-claim"
# ## 3 · L-smoothness at a kink
#
# **Claim.** Convergence theory assumes that the gradient is $L$-Lipschitz,
#
# $$\|\nabla f(x)-\nabla f(z)\|\le L\,\|x-z\|.\qquad(5)$$
#
# With kinks that fails, and, the paper says, it cannot be saved by asking for it only near a minimum: Laurent and von
# Brecht (2018) found minima of ReLU networks to be generically non-differentiable.

# %% id="smoothness-predict" tags=["vote"]
votes.ask("convergence.smoothness")

# %% id="smoothness-by-hand"
delta = 1e-3
for d in (1.0, 1e-1, 1e-2, 1e-3, 1e-4):
    kink = np.sign(d / 2) - np.sign(-d / 2)
    rounded = np.clip(d / 2 / delta, -1, 1) - np.clip(-d / 2 / delta, -1, 1)
    print(f"distance {d:6g}   (g(x) − g(z))/(x − z):   |x| {kink / d:8.0f}   rounded {rounded / d:8.0f}")

# %% id="smoothness-measure"
X, y, start = (drawn[0] for drawn in problems.random_problems(20, 5, 0.0, seeds=[0]))
normal = X[0] / np.linalg.norm(X[0])
point = start - (start @ normal) * normal  # on the kink of the first sample
distances = np.geomspace(1e-8, 1, 81)
ends = point + np.stack([distances, -distances])[..., None] / 2 * normal
losses = {
    "(3), y < 0": (ReLURegression(X, y), figures.NGDM),
    "rounded, width 10⁻³": (NeuronRegression(X, y, width=1e-3), {"color": figures.PURPLE}),
    "smooth twin, y = 0": (ReLURegression(X, 0 * y), figures.SMOOTH),
}
secants = {}
for name, (loss, _) in losses.items():
    gap = np.diff(loss.subgradient(ends), axis=0)[0]
    secants[name] = np.linalg.norm(gap, axis=-1) / distances

# %% id="smoothness-picture" slideshow={"slide_type": "-"}
figure, ax = figures.new(size=(9, 4.2))
for name, (_, style) in losses.items():
    ax.loglog(distances, secants[name], **style, label=name)
jump = 2 * abs(y[0]) * np.linalg.norm(X[0])
ax.loglog(distances, jump / distances, **figures.THEORY, label="2|y₁|·‖x₁‖ / distance")
ax.set(xlabel="distance of two points across a kink", ylabel="‖∇f(x) − ∇f(z)‖ / ‖x − z‖", xlim=(1e-8, 1))
figures.legend(ax, loc="upper right")
figures.show(
    figure,
    "Across a kink the secant slope grows like 1/distance; rounded off, it stops at a large L; the twin is flat.",
    alt="Secant slopes against distance on logarithmic scales: a falling line for (3) that lies on the dashed law up "
    "to distances of about a thousandth and then levels off at the twin's; the rounded loss follows it and levels off "
    "at small distances too; the twin is flat.",
)

# %% [markdown] id="smoothness-play-note"
# **Play.** Left: the derivative, magnified until the distance fills the frame. Right: the secant slope for every
# distance; the dots are at yours.
#
# *Goals.* (i) Take $\delta=0.01$ and zoom in until the rounded kink's secant slope stops growing. At which distance?
# (ii) On $|x|$: by what factor must $\delta$ fall for $L$ to grow 100 times? (iii) On $|x|$, NGDM with $\eta=0.1$
# from 1.05 uses the slopes at 1.05, 0.95, …, 0.15 in its first ten steps. Put the distance to 0.31, just over
# $2\cdot0.15$: from which $\delta$ on do kinked and rounded differ?

# %% id="smoothness-play"
smoothness = explorers.smoothness_at_kink()
smoothness

# %% [markdown] id="smoothness-why"
# **Why.** Two points at distance $d$ on either side of a jump $J$ of the gradient have a secant slope of about $J/d$:
# no $L$ serves. Round the jump off over a width $\delta$ and $L$ is of order $J/\delta$, finite and as large as you
# like. So (5) is not a property that a loss has or lacks at the scale of a run: **a kink is the end of a scale of
# ever larger $L$**, and a run with steps much longer than $\delta$ can hardly tell.
#
# *Locally, at a minimum.* Laurent and von Brecht's theorem is about the **hinge loss**: there all local minima are
# non-differentiable, save those in flat regions. For squared error $\nabla f=\tfrac2nJ^\top r$, with the residual $r$
# and the network's Jacobian $J$. Where the network fits its data, $r=0$, and $J$ is bounded nearby: $f$ *is*
# differentiable there and $\|\nabla f(w)\|\le C\|w-w^*\|$, even if the network itself has a kink at $w^*$. The
# gradient still jumps across kinks around $w^*$, but by an amount proportional to $r$, which fades towards $w^*$.

# %% id="smoothness-theory"
gradient, minimum = problems.interpolating_network()  # fits its data; six hidden units are on their kink at w*
regression = ReLURegression(X, y, lam2=0.1)  # (3): its minimiser is 0, where it does not fit y
print("distance from    secant slope to the minimiser        jump across a kink of the network")
print("the minimiser    (3)             network, MSE         at that distance")
for d in (1e-1, 1e-2, 1e-4, 1e-6):
    steep = [problems.secants(g, w, d) for g, w in ((regression.subgradient, np.zeros(5)), (gradient, minimum))]
    beside = np.tile(minimum + d / np.sqrt(minimum.size), (2, 1))
    beside[:, 0] = [-1e-12, 1e-12]  # the first weight is the input of the first unit on the first sample
    across = np.linalg.norm(np.diff(gradient(beside), axis=0))
    print(f"{d:8g}         {steep[0]:10.1f}      {steep[1]:10.1f}           {across:10.1e}")

# %% [markdown] id="smoothness-verdict"
# **Verdict: imprecise.** (5) fails at a kink, with secant slopes like $1/d$: that **holds**. “Cannot be saved
# locally” is a theorem about the hinge loss, and true of the paper's (3), which does not fit its data at 0. Squared
# error at a minimum that fits the data is differentiable, and its gradient grows at most linearly from there. What
# this does not show: that such minima are reached, or that (5) holds between *any* two points around them. It does
# not.

# %% id="smoothness-ledger"
claims.ledger("C3")

# %% [markdown] id="smoothness-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) At about $\delta$: at $d=0.01$ the rounded secant slope is 49.8, nearly its limit 50.8 (kink: 201).
# (ii) By 100: $L=1/\delta$. (iii) From $\delta=0.155$ on: rounding changes the slope in $|x|<\delta$ only, so for
# $\delta\le0.15$ these ten steps cannot tell.
#
# </details>

# %% id="smoothness-check" tags=["check"]
smoothness.drive()
kinked, rounded, twin = secants.values()
assert np.allclose((kinked * distances)[:30], jump, rtol=1e-3)  # 1/distance
assert twin.max() <= losses["smooth twin, y = 0"][0].smoothness * (1 + 1e-9)
assert np.isclose(rounded[0], rounded[20], rtol=1e-3) and rounded[0] > 5 * twin.max()
for delta in (1.0, 1e-2, 1e-4):
    line = np.array([[delta / 2], [-delta / 2]])
    assert np.isclose(np.ptp(SmoothMaxNorm(delta).subgradient(line)) / delta, 1 / delta)  # attained

# %% [markdown] id="rates-claim"
# ## 4 · Rates
#
# **Claim.** On a convex $L$-smooth loss gradient descent with $\eta=1/L$ needs at most $LR^2/(2\varepsilon)$ steps to
# come within $\varepsilon$ of the minimum ($R$ is the distance to a minimiser at the start). NGDM on a convex
# $G$-Lipschitz loss, $|f(x)-f(z)|\le G\|x-z\|$ (6), needs at most $G^2R^2/\varepsilon^2$ for its best value to come
# as close, with $\eta=\varepsilon/G^2$. The paper concludes that assuming smoothness grossly overestimates NGDM's
# speed, and that smooth networks should converge faster than others.

# %% id="rates-predict" tags=["vote"]
votes.ask("convergence.rates")

# %% id="rates-by-hand"
for eps in (0.02, 0.01, 0.005, 0.0025):
    x, steps = np.full(100, 0.1), 0
    while x.max() > eps * (1 + 1e-9):
        x[np.argmax(x)] -= eps  # NGDM on ‖x‖_∞: the slope is 1 at the largest entry (here all are > 0), else 0
        steps += 1
    print(f"ε = {eps:6g}   {steps:5d} steps   bound G²R²/ε² = {1 / eps**2:8.0f}")

# %% [markdown] id="rates-measure-note"
# **Picture.** Where several entries are largest, a convention decides: `x.abs().max(dim=-1)` follows the first of
# them, `x.abs().amax(dim=-1)` shares the slope. We take the first (`MaxNorm()`); the slider and an exercise take the
# other. *LAD* is least absolute deviations, the mean of $|x_i^\top\beta-y_i|$. Counted below are the steps that are
# needed for a list of $\varepsilon$: on the left for the smooth losses, on the right for those with kinks. *Relative
# accuracy* is $\varepsilon/(LR^2)$ and $\varepsilon/(GR)$, so that one bound serves all.


# %% id="rates-measure" slideshow={"slide_type": "-"}
def steps_needed(p, eps):
    sizes = trajectories.run(MaxNorm(), np.full(p, p**-0.5), eps, theory.max_norm_steps(p, eps) + 1).values
    return int(problems.steps_to(sizes, eps))


_, _, R = problems.rates_problem()  # linear regression without noise, n = 200, p = 20
squares, absolute = problems.rates_losses()
counts = {}  # name: (relative accuracies, steps)
eps = np.array([1.0, 0.1, 0.01, 1e-3, 1e-4])
values = trajectories.run(squares, np.zeros(20), 1 / squares.smoothness, 100).values[:, None]
counts["least squares"] = eps / (squares.smoothness * R**2), problems.steps_to(values, eps)
k = np.array([3, 10, 30, 100, 300])
worst = trajectories.run(Huber([[1.0]], [0.0], 1 / (2 * k + 1), "sum"), [1.0], 1.0, 301).values
counts["Huber, δ = 1/(2k + 1)"] = 1 / (4 * k + 2), problems.steps_to(worst, 1 / (4 * k + 2))
for p in (1, 100):
    eps = np.array([0.02, 0.01, 0.005, 0.0025])
    counts[f"d = {p}"] = eps, np.array([steps_needed(p, e) for e in eps])
eps = np.array([0.1, 0.05, 0.025, 0.0125])
counts["d = 1/(4ε²)"] = eps, np.array([steps_needed(round(1 / (4 * e**2)), e) for e in eps])
eps = np.array([0.3, 0.1, 0.03, 0.01])
both = np.array([problems.absolute_steps(e) for e in eps]).T  # NGDM, and GD on Huber's function with δ = ε
counts["LAD"], counts["LAD, smoothed by Huber"] = ((eps / (absolute.lipschitz * R), row) for row in both)

# %% id="rates-picture"
colors = (figures.BLUE, figures.SKY, figures.ORANGE, figures.PURPLE, figures.VERMILLION, figures.GREEN, figures.BLACK)
figure, axes = figures.new(2, size=(11, 4.6), sharey=True)
accuracy = np.geomspace(1e-6, 0.3, 50)
axes[0].loglog(accuracy, theory.smooth_steps_bound(1, 1, accuracy), **figures.THEORY)
axes[1].loglog(accuracy, theory.subgradient_steps_bound(1, 1, accuracy), **figures.THEORY)
for number, (name, (x, steps)) in enumerate(counts.items()):
    look = {"marker": "osovsDx"[number], "color": colors[number], "linewidth": 1}
    axes[int(number > 1)].loglog(x, steps, **look, label=name)
for ax, title in zip(axes, ("smooth, bound LR²/(2ε)", "with kinks, bound G²R²/ε²"), strict=True):
    ax.set(xlabel="relative accuracy", xlim=(0.3, 1e-6 if ax is axes[0] else 1e-3), ylim=(1, 1e5), title=title)
    figures.legend(ax, loc="lower right" if ax is axes[0] else "upper left")
axes[0].set(ylabel="steps needed")
figures.show(
    figure,
    "Both bounds are met, up to a constant, by a worst function for each accuracy; a fixed function does better.",
    alt="Steps against accuracy on logarithmic scales. Left: Huber's worst case runs parallel to the dashed bound of "
    "slope −1, least squares stays far below. Right: the ∞-norm in dimension 1/(4ε²) runs parallel to the dashed "
    "bound of slope −2; in dimensions 1 and 100, and for least absolute deviations, the slope is about −1.",
)

# %% [markdown] id="rates-play-note"
# **Play.** Ties share the slope here. The *smoothed* norm is $\min_u\|u\|_\infty+\|u-x\|_2^2/(2\delta)$ with
# $\delta=\varepsilon$. *Goals.* (i) For $\varepsilon=0.05$ find the dimension that needs the most steps. What happens
# beyond? (ii) Read off the slope at the end in dimensions 1, 25 and 400 (which has not reached its end yet). (iii)
# Switch to the smoothed norm: which of the dots move?

# %% id="rates-play"
rates = explorers.rates()
rates

# %% [markdown] id="rates-why"
# **Why.** A step of length $\varepsilon$ lowers one entry of $x$ by $\varepsilon$. Each of the $d$ entries has to
# come down from $1/\sqrt d$ to $\varepsilon$, which makes $d\lceil1/(\varepsilon\sqrt d)-1\rceil$ steps. If ties
# share the slope, all entries come down together, and the rounding up is done once:
#
# $$N=\Bigl\lceil\tfrac{\sqrt d}{\varepsilon}-d\Bigr\rceil
# \;\le\;\Bigl\lceil\tfrac1{4\varepsilon^2}\Bigr\rceil,\qquad\text{with equality at } d=\tfrac{1}{4\varepsilon^2}.$$
#
# (With “first” the inner rounding can add up to $d$ steps, and just below $d=1/\varepsilon^2$ it takes $N=d$, nearly
# the bound $G^2R^2/\varepsilon^2$ itself.) In a fixed dimension that is slope $-1$; the slope $-2$ needs a dimension
# that grows with the accuracy. *Smoothing does not help by itself:* with $\delta=\varepsilon$ the smoothed loss has
# $L=G^2/\varepsilon$, and its bound $LR^2/(2\varepsilon)=G^2R^2/(2\varepsilon^2)$ is of order $1/\varepsilon^2$
# again. Indeed, for a single residual outside $|r|\le\delta$ a gradient step of $\eta=1/L$ *is* the NGDM step, and on
# $\|x\|_\infty$ with shared ties the two need the same number of steps.
#
# *Other assumptions, other orders:* smooth and accelerated $R\sqrt{2L/\varepsilon}$; smooth and strongly convex
# $\log(1/\varepsilon)$; with kinks, strongly convex $1/\varepsilon$, and sharp $\log(1/\varepsilon)$ if the steps
# shrink geometrically. A kink by itself decides none of these.

# %% id="rates-theory"
for name, (x, steps) in counts.items():
    print(f"{name:24s} steps {np.array2string(np.asarray(steps)):32s} slope {problems.slope(x, steps):6.2f}")
for p, eps in ((100, 0.05), (400, 0.025), (1600, 0.0125)):
    smooth = trajectories.run(SmoothMaxNorm(eps), np.full(p, p**-0.5), eps, p + 1).iterates
    needed, law = problems.steps_to(np.abs(smooth).max(axis=-1), eps), theory.max_norm_steps(p, eps)
    print(f"‖x‖_∞, d = {p:4d}, ε = {eps:6g}: NGDM {law:4d} by the law, GD on its smoothed version {needed:4d}")

# %% [markdown] id="rates-verdict"
# **Verdict: holds if** read as what it is: two upper bounds, each for the worst function of its class, and neither
# can be improved for these methods by more than a constant factor. It does *not* say that a given loss with kinks is
# slower than a given smooth one, nor that one and the same network gets faster when its kinks are rounded off. Least
# squares takes a few steps per digit because it is also strongly convex; least absolute deviations has slope near
# $-1$ because it is *sharp*, and with decaying steps it converges linearly (notebook 1, idea 5). Nor do bounds for
# convex losses and full gradients speak about stochastic gradients on networks.

# %% id="rates-ledger"
claims.ledger("C4")

# %% [markdown] id="rates-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $d=100=1/(4\varepsilon^2)$, with 100 steps. Beyond, fewer (196: 84), and none at
# $d=400=1/\varepsilon^2$, where the start is within $\varepsilon$. (ii) −1.02, −1.10 and −1.58 (on its way to −1:
# $\sqrt d/\varepsilon$ does not yet dominate $d$). (iii) None: both methods need the same number of steps in every
# dimension and for every $\varepsilon$ on the sliders.
#
# </details>

# %% id="rates-check" tags=["check"]
rates.drive()
assert (np.asarray(counts["d = 1/(4ε²)"][1]) == [25, 100, 400, 1600]).all()
assert abs(problems.slope(*counts["d = 1/(4ε²)"]) + 2) < 1e-6
assert all(abs(problems.slope(*counts[name]) + 1) < 0.1 for name in ("d = 1", "d = 100"))
assert (counts["Huber, δ = 1/(2k + 1)"][1] == k).all() and abs(problems.slope(*counts["LAD"]) + 1.05) < 0.1
assert np.abs(both[0] - both[1]).max() <= 2 and counts["least squares"][1].max() < 30
for name, (x, steps) in counts.items():
    smooth = name in ("least squares", "Huber, δ = 1/(2k + 1)")
    bound = theory.smooth_steps_bound if smooth else theory.subgradient_steps_bound
    assert (steps <= np.ceil(bound(1, 1, np.asarray(x)))).all(), name

# %% [markdown] id="depth-claim"
# ## 5 · Figure 2: depth and activation
#
# **Claim.** *Figure 2* trains VGG networks of three depths twice, with ReLU and with the smooth GELU of similar
# shape. The gap in convergence speed widens with depth, as the paper expects, because depth adds non-smoothness.
# *Appendix A* gives the architecture: kuangliu's VGG with average for max pools, no batch normalisation and fewer
# channels. Optimiser, learning rate, data, initialisation and number of seeds it does not give; ours are choices.

# %% id="depth-predict" tags=["vote"]
votes.ask("convergence.depth")

# %% id="depth-by-hand"
# Needs PyTorch: five steps of training VGG11, and the layers of the three networks
import torch  # loads torch: only from here on is it needed

from ngdm_helpers import data, networks

X, y = data.images("digits")  # 1437 digits, 32 × 32 pixels in three equal channels, in [−1, 1]
model = networks.vgg(11, "gelu", init="variance-preserving", images=X)
updates = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for k, batch in enumerate(networks.minibatches(len(X), 8, steps=5)):
    loss = torch.nn.functional.cross_entropy(model(X[batch]), y[batch])
    updates.zero_grad()
    loss.backward()  # at a kink: autograd's convention
    updates.step()
    print(f"step {k}   loss {loss:.3f}")
for depth in networks.VGG:
    layers = [layer for layer in networks.vgg(depth) if hasattr(layer, "weight")]
    print(f"VGG{depth}: {len(layers) - 1} convolutions, then {layers[-1]}")

# %% [markdown] id="depth-live-note"
# The paper's experiment in miniature, two seeds each. *Variance-preserving* means that every layer's weights are
# scaled until its outputs have mean square 1 on some images, so that neither activation starts with a weaker signal.

# %% id="depth-live"
# Needs PyTorch: the training of VGG11 and VGG13 with ReLU and with GELU
live_losses = {}
for depth in (11, 13):
    for name in ("relu", "gelu"):
        models = [networks.vgg(depth, name, "variance-preserving", seed=seed, images=X) for seed in (0, 1)]
        run = networks.train(models, X, y, lr=0.01, steps=300, batch=8)  # SGD, momentum 0.9
        live_losses[depth, name] = run.losses
        means = ", ".join(f"{mean:.2f}" for mean in recorded.mean_loss(run.losses))
        print(f"VGG{depth} {name}: mean loss of the two runs {means}")

# %% id="depth-picture"
# Needs PyTorch: the training losses of these networks
figure, panels = figures.new(2, size=(10, 3.8), sharey=True)
for ax, depth in zip(panels, (11, 13), strict=True):
    for name, label, style in (("relu", "ReLU", figures.NGDM), ("gelu", "GELU", figures.SMOOTH)):
        curves = live_losses[depth, name].reshape(2, -1, 12).mean(axis=2)  # of 12 steps each
        k = 12 * np.arange(1, curves.shape[1] + 1)
        ax.fill_between(k, curves.min(axis=0), curves.max(axis=0), color=style["color"], alpha=0.2, linewidth=0)
        ax.plot(
            k,
            np.median(curves, axis=0),
            **style,
            label=f"{label}, mean {recorded.mean_loss(live_losses[depth, name]).mean():.2f}",
        )
    ax.axhline(np.log(10), **figures.THRESHOLD)
    ax.set(xlabel="step k", title=f"VGG{depth} on digits, SGD, η = 0.01", xlim=(0, 300), ylim=(0, 2.8))
    figures.legend(ax, loc="lower left")
panels[0].set_ylabel("training loss")
figures.show(
    figure,
    "Two seeds a curve: enough to see that all of them learn, too few for a trend.",
    alt="Training loss against step for ReLU and GELU, medians and bands of two seeds, at depth 11 and 13; all fall "
    "from near a dotted line at log 10, which is guessing.",
)

# %% [markdown] id="depth-play-note"
# **Play** with recorded runs (`ngdm record depth`): three seeds, three depths, eight activations, three learning
# rates for each of three ways to start and step, on digits and on CIFAR-10. *leaky* is $\max(x,x/2)$ with half of
# ReLU's kink; $|x|$ has twice of it. Above the dotted line a network does worse than guessing. Most runs are short:
# 100 to 600 steps with batches of 8. In eight settings ReLU, $\beta=100$ and GELU were trained for longer: 3000 steps
# on digits, one pass through the 50 000 images of CIFAR-10. Those runs are drawn further down.
#
# *Mean loss* is the training loss averaged over the run; what is above log 10 = 2.30, guessing, counts as log 10, so
# that a network that never learns scores 2.30. An activation *leads* if its mean loss is lower by more than 0.01.
#
# The second goal stands below the figure. *Questions.* (i) Move β from 1 to ∞. Where does smoothness end? (iii) Find
# a setting in which nothing learns. (iv) On the right, on VGG11: which kinked activation is ahead of GELU, and in how
# many settings?

# %% id="depth-play"
depths = explorers.recorded_depth()
depths

# %% [markdown] id="depth-gain-note"
# Now let the networks start from smaller weights, all by the same factor. *Goal.* Find a depth and a gain at which
# ReLU leads for all three seeds. Does GELU learn there?

# %% id="depth-gain" slideshow={"slide_type": "-"}
gains = explorers.recorded_gain()
gains

# %% id="depth-trend"
settings = recorded.learning_settings()  # those in which ReLU or GELU learns at depth 11
long = (
    recorded.long_settings()
)  # of them, those with 3000 steps on digits, 6250 on CIFAR-10; the others have 100 to 600
found = {setting: recorded.relu_minus_gelu(*setting) for setting in settings}
gaps = {setting: gap for setting, (gap, _) in found.items()}
learned = {setting: at[2].any() for setting, (_, at) in found.items()}  # ReLU or GELU, at VGG19
print(f"mean loss of ReLU − GELU: median (lowest … highest seed)   {'VGG11':23s}{'VGG13':23s}VGG19")
shown = [setting for setting in settings if learned[setting] or setting in long]
for setting in shown:
    source, init, optimizer, gain, lr, steps = setting
    print(f"{source:8s}{init:20s}× {gain:<4g}{optimizer:5s}η = {lr:<7g}{steps:4d} steps", end="")
    print("".join(f"   {np.median(g):+.2f} ({g.min():+.2f} … {g.max():+.2f})" for g in gaps[setting]))
print(f"in the other {len(settings) - len(shown)} of {len(settings)} settings, all short, neither learns at VGG19")
gelu, relu = (sum((sign * gap > 0.01).all(axis=1) for gap in gaps.values()) for sign in (1, -1))
print(f"of all, at depths 11, 13, 19: GELU leads for all seeds in {gelu}, ReLU in {relu}")
wide = {setting for setting in settings if recorded.gap_widens(gaps[setting])}
print(f"the lead widens with depth in {len(wide & set(long))} of {len(long)} settings with long runs,", end=" ")
print(f"in {len(wide - set(long))} of {len(settings) - len(long)} with short ones")
for name in ("relu", "gelu"):  # long runs from torch's own initialisation
    losses = recorded.depth_run("digits", 11, name, "default", "sgd", 0.1, steps=2000)[1]
    print(f"torch's default, SGD, η = 0.1, VGG11 {name}, 2000 steps: {losses[:, -3:].mean():.2f}; log 10 = 2.30")

# %% id="depth-trend-picture"
figure, panels = figures.new(2, size=(10, 3.8))
for ax, source, title in zip(panels, ("digits", "cifar10"), ("digits", "CIFAR-10"), strict=True):
    for setting, gap in gaps.items():
        if setting[0] == source:
            color = "0.75" if setting not in long else figures.BLUE if setting[2] == "sgd" else figures.ORANGE
            width, low, high = (0.8 if setting not in long else 3), gap.min(axis=1), gap.max(axis=1)
            ax.plot((0, 1, 2), np.median(gap, axis=1), marker="o", markersize=4, color=color, linewidth=width)
            if setting in long:
                ax.fill_between((0, 1, 2), low, high, color=color, alpha=0.12, linewidth=0)
                if abs(np.median(gap[2])) > 0.02:
                    ax.text(2.06, np.median(gap[2]), f"η = {setting[4]:g}", color=color, va="center")
    ax.axhline(0, **figures.THRESHOLD)
    ax.set_xticks((0, 1, 2), ("VGG11", "VGG13", "VGG19"))
    ax.set(title=f"{title}: SGD blue, Adam orange", ylabel="mean loss, ReLU − GELU", xlim=(-0.05, 2.02))
panels[0].set_ylim(-0.75, 1)  # two lines leave it: at their rates ReLU no longer learns, on VGG11 or VGG13
figures.show(
    figure,
    "Above 0 GELU is faster. In the long runs (thick) its lead widens, or does not, with the learning rate; most short "
    "runs (grey) end at 0, because at VGG19 neither learns.",
    alt="The difference of mean losses at depths 11, 13 and 19, a line for each setting, on digits and on CIFAR-10. "
    "Thick lines with seed bands, the long runs, rise, stay or fall; most thin grey ones come down to 0.",
)

# %% [markdown] id="depth-longest-note"
# At $\eta=0.01$ the long runs show the paper's trend. The bridge at $\beta=100$ tells what it is *not* a trend of:
# like GELU it is analytic, but its graph is nearly ReLU's (the last line printed says how nearly).

# %% id="depth-longest" slideshow={"slide_type": "-"}
figure, panels = figures.new(2, size=(10, 3.8))
looks = {"relu": figures.NGDM, "bridge-100": {"color": figures.PURPLE, "linestyle": "--"}, "gelu": figures.SMOOTH}
longest = {(source, name): recorded.longest_means(source, name) for source in recorded.LONGEST for name in looks}
for ax, (source, steps) in zip(panels, recorded.LONGEST.items(), strict=True):
    for (name, style), label in zip(looks.items(), ("ReLU", "β = 100", "GELU"), strict=True):
        means = longest[source, name]
        ax.plot((0, 1, 2), np.median(means, axis=1), marker="o", **style, label=label)
        ax.fill_between((0, 1, 2), means.min(axis=1), means.max(axis=1), color=style["color"], alpha=0.12, linewidth=0)
        medians = " / ".join(f"{mean:.2f}" for mean in np.median(means, axis=1))
        print(f"{source:8s}{steps:5d} steps   {label:8s} mean loss at depths 11 / 13 / 19: {medians}")
    ax.set_xticks((0, 1, 2), ("VGG11", "VGG13", "VGG19"))
    ax.set(title=f"{source}, {steps} steps", ylabel="mean loss of the run", xlim=(-0.1, 2.1), ylim=(0, None))
    figures.legend(ax, loc="lower right")
leaky = " / ".join(f"{mean:.2f}" for mean in np.median(recorded.longest_means("digits", "leaky"), axis=1))
print(f"digits, leaky: {leaky}; at VGG19 η = 0.01 is too large for it")
stuck = int((longest["cifar10", "bridge-100"][-1] > 2.29).sum())
print(f"CIFAR-10, VGG19, β = 100: {stuck} of 3 seeds never left guessing")
near, total = recorded.nearer_to_relu(long)
print(f"all {len(long)} settings with long runs, where ReLU and GELU are more than 0.05 apart:", end=" ")
print(f"β = 100 is nearer to ReLU in {near} of {total} places")
print(f"|x·Φ(100x) − max(x, 0)| is at most {theory.bridge_gap(100):.4f}")
alt = "Mean loss at depths 11, 13, 19, three curves on digits and three on CIFAR-10; ReLU and β = 100 lie together."
figures.show(
    figure, "The gap to GELU widens with depth, for ReLU and for its analytic double alike (medians).", alt=alt
)

# %% [markdown] id="depth-why"
# **Why.** GELU and ReLU differ in more than a kink. Let $z$ be standard normal.
#
# *Share of the mean.* After one wide random layer, two inputs with nothing in common have the correlation
# $\kappa=\mathbb E[\varphi(z)]^2/\mathbb E[\varphi(z)^2]$ (Poole et al. 2016): the constant part of $\varphi$ is the
# same for all images. Layer upon layer, all images come to look alike, and training begins with undoing that.
# $\kappa$ is 0 for tanh, $1/\pi$ for ReLU, $2/\pi$ for $|x|$; GELU's is smaller than ReLU's; kinks do not enter.
#
# *Size of the signal.* ReLU passes on half of the mean square of its input, whatever the scale. GELU is nearly $z/2$
# for small $z$, and passes on a quarter: weights that start too small silence GELU first, the more so the deeper.

# %% id="depth-theory"
# Needs PyTorch: the picture in which κ sorts eight activations by their mean loss
from ngdm_helpers.course import probes

kinks = {"tanh": 0, "leaky": 0.5, "gelu": 0, "bridge-3": 0, "bridge-10": 0, "bridge-100": 0, "relu": 1, "abs": 2}
shares = np.array([probes.mean_share(name) for name in kinks])
kinked, sorting = np.array(list(kinks.values())) > 0, []
labels = (("tanh", 0, 9), ("leaky", 1, 9), ("GELU", 2, 9), ("β = 3", 3, -20), ("ReLU, β = 100", 6, 9), ("|x|", 7, 9))
figure, panels = figures.new(2, size=(10, 4), sharey=True)
for ax, title, setup in (
    (panels[0], "variance-preserving, SGD", ("variance-preserving", "sgd", 0.003)),
    (panels[1], "torch's default, Adam", ("default", "adam", 0.001)),
):
    means = np.array([recorded.median_losses("digits", 11, *setup)[name] for name in kinks])
    sorting.append(np.corrcoef(shares.argsort().argsort(), means.argsort().argsort())[0, 1])
    ax.plot(shares[~kinked], means[~kinked], "o", color=figures.SKY, label="smooth")
    ax.plot(shares[kinked], means[kinked], "s", color=figures.VERMILLION, label="with a kink")
    for text, at, side in labels:
        ax.annotate(text, (shares[at], means[at]), (0, side), textcoords="offset points", ha="center")
    ax.set(xlabel="κ, share of the mean", title=f"{title}: rank correlation {sorting[-1]:.2f}", ylim=(0, 2.8))
panels[0].set_ylabel("mean loss, VGG11 on digits")
figures.legend(panels[0], loc="lower right")
alt = "Mean loss of VGG11 against κ for eight activations: it rises from tanh over leaky, GELU and ReLU to |x|."
figures.show(figure, "In these two settings κ sorts the activations, and the kink does not.", alt=alt)

# %% id="depth-sorting"
# Needs PyTorch: the rank correlations of κ and the mean loss in all settings
grid = sorted({(source, init, optimizer, lr) for source, init, optimizer, gain, lr, _ in settings if gain == 1})
for depth in (11, 13, 19):
    found = []
    for source, init, optimizer, lr in grid:
        means = np.array([recorded.median_losses(source, depth, init, optimizer, lr)[name] for name in kinks])
        found.append(np.corrcoef(shares.argsort().argsort(), means.argsort().argsort())[0, 1])
    above = sum(np.array(found) > 0.8)
    print(f"VGG{depth}: rank correlation above 0.8 in {above} of {len(grid)} settings, median {np.median(found):.2f}")

# %% id="depth-signal"
# Needs PyTorch: how much of the signal ReLU and GELU pass on
for scale in (1.0, 0.1):
    passed = [1 / networks.activation_gain(name, scale) ** 2 for name in ("relu", "gelu")]
    print(f"inputs of size {scale:3g}: of the mean square ReLU passes {passed[0]:.3f}, GELU {passed[1]:.3f}")
for gain in (1.0, 0.6):
    started = [networks.vgg(19, name, "variance-preserving", gain, images=X) for name in ("relu", "gelu")]
    squares = [probes.mean_squares(network, X[:256])[-1] for network in started]
    print(f"VGG19, weights × {gain:g}: mean square of the outputs, ReLU {squares[0]:.1e}, GELU {squares[1]:.1e}")

# %% [markdown] id="depth-verdict"
# **Verdict: imprecise.** Whether the gap widens depends on the learning rate. With SGD at $\eta=0.01$, in the long
# runs, GELU leads for every seed and by more at every depth, as the paper says. At $\eta=0.003$ both train VGG19, and
# at that depth ReLU is not behind. At larger rates ReLU is the first to stop learning as depth grows: on VGG19 with
# Adam's 0.001, on VGG13 with SGD's 0.03. GELU, it seems, tolerates larger steps in deep networks. Of the 16 short
# settings only 4 leave the plateau at VGG19 with either activation; in none of these does the lead widen.
#
# And **differentiability is not its cause**: wherever the two are apart in the long runs, the analytic
# $x\,\Phi(100x)$ is on ReLU's side; in medians it learns where ReLU learns and is stuck where ReLU is (single seeds
# differ: the one above that never left guessing). Whether a small *curvature* helps, the bridge cannot say: $\beta$
# changes curvature (0.8 for GELU, 80 for $\beta=100$) and shape together. A kink at least does not decide: in the two
# settings drawn above *leaky*, which has one, is ahead of GELU, and in the longest runs on digits behind.
#
# What this does not show: which property of the shape it is. We looked for one that sorts the eight activations after
# we had seen the order, found $\kappa$, and drew the two settings in which it does best; at VGG19 few networks learn,
# and the ranks are mostly noise. Nor does it speak for full training: the longest runs are one pass through CIFAR-10,
# with three seeds. From torch's default initialisation SGD moved no network within 100 steps, nor ReLU or GELU on
# VGG11 within 2000. And the appendix's three changes force a fourth: Linear(64, 10) (row C7).

# %% id="depth-ledger"
claims.ledger("C5", "C7")

# %% [markdown] id="depth-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) Only at ∞: every finite $\beta$ is analytic. The curve is near ReLU's long before (setting shown first,
# median mean loss: GELU 0.96; $\beta=3,10,100$: 1.22, 1.15, 1.30; ReLU 1.19). (ii) VGG19, variance-preserving SGD at
# low $\eta$: on digits by 0.52 to 0.65, on CIFAR-10 by 0.03 to 0.05. (iii) Torch's default with SGD, all of it: no
# mean loss below 2.29. (iv) *leaky*, on VGG11 in 8 of the 12 settings in which something learns; $|x|$ in none.
#
# *Goal of the gain slider:* VGG11 with gain 0.6: ReLU leads by 0.09 to 0.10 (with gain 0.8 GELU, by 0.05 to 0.19).
# VGG19 with gain 0.8: ReLU leads by 0.09 to 0.41. In both GELU has not left guessing after 300 steps.
#
# </details>

# %% id="depth-check" tags=["check"]
# Needs PyTorch: the checks of this idea
depths.drive()
gains.drive()
for losses in live_losses.values():
    assert losses.shape == (2, 300) and losses[:, -50:].mean() < 1.5 < 2 < losses[:, :25].mean()
first = recorded.depth_run("digits", 11, "relu", "variance-preserving", "sgd", 0.01)[1]
assert np.abs(live_losses[11, "relu"][:, :12].mean(axis=1) - first[:2, 0]).max() < 0.05  # the recorded setting
short = set(settings) - set(long)
assert not wide & short and ("digits", "variance-preserving", "sgd", 1.0, 0.01, 3000) in wide and wide < set(long)
assert gelu[0] > len(settings) / 2 and sum(learned[setting] for setting in short) == 4 and len(short) == 16
assert near > 0.9 * total > 9
assert (gaps["digits", "variance-preserving", "sgd", 1.0, 0.003, 300][2] < -0.5).all()  # ReLU leads
for depth, gain in ((0, 0.6), (2, 0.8)):
    assert (gaps["digits", "variance-preserving", "sgd", gain, 0.01, 300][depth] < -0.05).all()
for setup in (("variance-preserving", "sgd", 0.003), ("default", "adam", 0.001)):
    mean = recorded.median_losses("digits", 11, *setup)
    assert abs(mean["bridge-100"] - mean["relu"]) < (mean["relu"] - mean["gelu"]) / 2
    assert mean["tanh"] < mean["leaky"] < mean["gelu"] < mean["relu"] < mean["abs"]
assert min(sorting) > 0.9 and shares[6] == max(shares[:7])

# %% [markdown] id="forward-claim"
# ## 6 · The way forward
#
# **Claim.** The paper closes Section 2 on a hopeful note: recent models are transformers (Vaswani et al. 2017) with
# the differentiable GELU, so future networks may run pure gradient descent, and the community should agree on
# assumptions that describe them. For the trend of Figure 2 it also cites Hendrycks and Gimpel (2016), who introduced
# GELU. It counts $L$-smoothness among the strongest, unmet by most losses of the field.

# %% id="forward-predict" tags=["vote"]
votes.ask("convergence.forward")

# %% id="forward-by-hand"
X, y, start = (drawn[0] for drawn in problems.random_problems(50, 100, 0.0, seeds=[2]))  # Figure 1's data
for width in (0.1, 0.01, 0.0):
    beta = start
    for _ in range(300):
        z = X @ beta
        if width:  # softplus: max(z, 0), its kink rounded off on the scale of the width
            phi, slope = np.logaddexp(0, z / width) * width, np.exp(-np.logaddexp(0, -z / width))
        else:
            phi, slope = np.maximum(z, 0), z > 0
        beta = beta - 8e-5 * (2 * X.T @ ((phi - y) * slope) + 0.2 * beta)
    print(f"width {width:5g}   after 300 steps β = {beta[:4].round(5)} …")

# %% id="forward-picture"
widths = np.append(np.geomspace(1e-5, 1, 26), 0.0)
family = NeuronRegression(X, y, width=widths, lam2=0.1)
path = trajectories.run(family, start, 8e-5, 300).iterates
apart = np.abs(path - path[:, -1:]).max(axis=(0, 2))[:-1]  # from the run with the kink

closest = np.abs(path[:, -1] @ X.T).min()

figure, ax = figures.new(size=(9, 4.4))
ax.loglog(widths[:-1], np.maximum(apart, 1e-16), marker="o", color=figures.PURPLE)
ax.loglog(widths[:-1], family.smoothness[:-1] * 8e-5, **figures.THEORY)
ax.axhline(2, **figures.THRESHOLD)
ax.axvline(closest, **figures.THRESHOLD)
ax.text(1.5e-3, 200, "η · (bound on L)", va="bottom")
ax.text(0.8, 4, "ηL = 2", ha="right", va="bottom")
ax.text(2e-3, 1e-7, "largest distance between the runs", va="top")
ax.text(1.1 * closest, 1e-13, "closest that an iterate came to a kink", va="center")
ax.set(xlabel="width w on which the kink is rounded", xlim=(1e-5, 1), ylim=(1e-16, 1e5))
figures.show(
    figure,
    "As the kink is rounded on a finer scale, L goes to infinity, and the run does not care: it converges to that with "
    "the kink.",
    alt="Against the width, on logarithmic scales: the distance between the runs falls towards small widths, steeply "
    "left of a vertical dotted line, and reaches rounding error at the left edge; a dashed line, η times L, rises "
    "towards small widths and passes the dotted line at 2 much further right.",
)

# %% [markdown] id="forward-play-note"
# **Play.** $z\,\Phi(\beta z)$, with $\Phi$ the normal distribution function, is GELU for $\beta=1$ and analytic for
# every $\beta$; for $\beta\to\infty$ it is ReLU.
#
# *Goals.* (i) Find the $\beta$ whose curvature is 100 times GELU's. How far from ReLU is it? (ii) At which $\beta$
# does the picture on the left stop changing for your eyes? (iii) The two are farthest apart at $z=-0.75/\beta$ and
# its mirror image. By how much *in proportion* to $z$, and does a larger $\beta$ change that?

# %% id="forward-play"
bridge = explorers.activation_bridge()
bridge

# %% [markdown] id="forward-why"
# **Why.** A step of a fixed length moves continuously with the activation as long as no iterate sits on a kink.
# “Smooth or not” is then the wrong question; *which assumption holds, and what follows?* is the right one.
#
# * **$L$-smooth, (5).** Not with kinks, and for deep smooth networks not globally either. It would give rates.
# * **Weakly convex:** $f+\tfrac\rho2\|\cdot\|^2$ convex for some $\rho$. In general no: kinks may point down. It
#   would give rates for a smoothed measure of stationarity (Davis and Drusvyatskiy 2019).
# * **Tame**, say, built in finitely many steps from +, ×, max, exp and log: **yes**, with the usual losses. With
#   $\eta_k\to0$, $\sum\eta_k=\infty$, $\sum\eta_k^2<\infty$ and bounded iterates, every limit point of the
#   subgradient method is *Clarke-stationary*: 0 lies in the convex hull of the limits of gradients at nearby points
#   (Davis et al. 2020). No rate.
# * **Autograd returns an element of a *conservative field***, a set-valued map along which the chain rule holds on
#   almost all of every curve: **yes**. It is the gradient almost everywhere, and the same kind of limit theorem holds
#   for what software computes (Bolte and Pauwels 2021).

# %% id="forward-theory"
down = NeuronRegression([[1.0]], [1.0])  # (1 − max(w, 0))²: a unit that should be larger
up = ReLURegression([[1.0]], [-1.0])  # (1 + max(w, 0))²: the paper's sign of y
print("second difference at the kink   (f(h) + f(−h) − 2f(0))/h²")
for h in (1e-1, 1e-2, 1e-3, 1e-4):
    bends = [float(f.value([h]) + f.value([-h]) - 2 * f.value([0.0])) / h**2 for f in (down, up)]
    print(f"h = {h:6g}     y > 0: {bends[0]:10.0f}     y < 0: {bends[1]:10.0f}")
print("no ρ repairs the first: f + ρw²/2 adds only ρ")

# %% [markdown] id="forward-verdict"
# **Verdict.** That the transformer of 2017 uses GELU is **wrong** (its feed-forward layer is
# $\max(0,xW_1+b_1)W_2+b_2$); that trends between ReLU and GELU, Hendrycks and Gimpel's too, speak for smoothness is
# **imprecise**: GELU is another shape. The call for assumptions that fit **holds**, and some are at hand. They are
# weaker than $L$-smoothness in the right way: they hold. What they do not give is a rate.

# %% id="forward-ledger"
claims.ledger("C6", "P8")

# %% [markdown] id="forward-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $\beta=100$ (curvature 79.8 against 0.798): at most 0.0017 from ReLU. (ii) At about 17, where the
# largest distance, $0.17/\beta$, is one pixel. (iii) By $\Phi(-0.75)=23\,\%$ of $|z|$ for every $\beta$:
# $z\,\Phi(\beta z)$ is GELU's graph at the scale $1/\beta$, so only the scale shrinks.
#
# </details>

# %% id="forward-check" tags=["check"]
bridge.drive()
assert (np.diff(apart) > 0).all() and apart[-1] > 0.01 and apart[10] < 1e-4 and apart[0] < 1e-12
assert family.smoothness[0] * 8e-5 > 2 > family.smoothness[-2] * 8e-5 and np.isinf(family.smoothness[-1])
assert bends[0] < -1e4 and bends[1] > 1e4

# %% [markdown] id="ledger-note"
# ## The ledger
#
# The rows of this notebook, each measured when the cell runs.

# %% id="ledger" tags=["check"]
claims.ledger(*(name for name in claims.CLAIMS if name.startswith("C")))

# %% [markdown] id="exercise-1"
# ## Exercises
#
# **1.** Let $A$ have 1 on the diagonal and $\rho\ge0$ everywhere else, in $p$ dimensions. For which $\rho$ does
# gradient descent with a small $\eta$ keep the cube? What happens to the answer as $p$ grows, and what to the ball?
#
# <details><summary>Hint</summary>
#
# Theorem C asks for one row sum.
#
# </details>
# <details><summary>Solution</summary>
#
# $A$ is diagonally dominant if and only if $(p-1)\rho\le1$. In high dimension next to no correlation suffices to
# leave the cube; the ball is kept for every $\rho<1$ and $\eta\le2/L$ (Theorem B).
#
# </details>

# %% id="exercise-1-solution" tags=["solution"]
for p in (2, 5, 20, 100):
    kept = [rho for rho in np.linspace(0, 1, 1001) if theory.cube_gain((1 - rho) * np.eye(p) + rho, 0.01) <= 1 + 1e-12]
    print(f"p = {p:3d}: cube kept up to ρ = {max(kept):.3f}, 1/(p − 1) = {1 / (p - 1):.3f}")

# %% [markdown] id="exercise-2"
# **2.** Idea 4 let the first of several largest entries move. `x.abs().amax(dim=-1)` shares the slope among them
# instead. Derive the number of steps from $(1,\dots,1)/\sqrt d$ under this convention, and compare.
#
# <details><summary>Hint</summary>
#
# All entries stay equal; by how much does a step lower them?
#
# </details>
# <details><summary>Solution</summary>
#
# By $\varepsilon/d$ each, so $\lceil d\,(1/\sqrt d-\varepsilon)/\varepsilon\rceil=\lceil\sqrt d/\varepsilon-d\rceil$
# steps: the same law without the inner rounding. The step is shorter by $\sqrt d$, but moves all entries at once.
#
# </details>

# %% id="exercise-2-solution" tags=["solution"]
for p, eps in ((4, 0.05), (100, 0.05), (100, 0.01), (400, 0.02)):
    first, shared = (
        int(problems.steps_to(trajectories.run(MaxNorm(ties), np.full(p, p**-0.5), eps, 2000).values, eps))
        for ties in ("first", "shared")
    )
    print(f"d = {p:3d}, ε = {eps:g}: first {first}, shared {shared}, √d/ε − d = {np.sqrt(p) / eps - p:g}")

# %% [markdown] id="exercise-3"
# **3.** *(open-ended)* At $c=0.5$, with $|y|$ up to 1, hardly any run of idea 2 left the ball. Does a small $\eta$
# protect the ball from kinks? Look for a start from which NGDM on (3) with $\eta=0.01/L$ increases $\|\beta\|_2$
# while its loss falls. Then say what a fair “Figure 1” would have to fix before it compares two losses.
#
# <details><summary>Hint</summary>
#
# One dimension, $\lambda_1=0$, a small $\lambda_2>0$ so that 0 is the only minimiser, all $x_i>0$. From where does a
# single step land on the other side of 0, and further away?
#
# </details>
# <details><summary>Solution</summary>
#
# From $\beta_0>0$ a step leads to $\beta_1=(1-\eta L)\beta_0-2\eta\sum_ix_i|y_i|$. If $\beta_0$ is below
# $2\eta\sum_ix_i|y_i|/(2-\eta L)$, then $|\beta_1|>\beta_0$, and the loss has fallen, to
# $\|y\|^2+\lambda_2\beta_1^2$. So for *every* $\eta$ there are such starts, in a band about the kink whose width is
# of order $\eta$: the condition $f-f^*<\tfrac\eta2\|g\|^2$ of idea 2. A fair comparison fixes the data, the scale of
# the start relative to that band, the norm, and $\eta L$; it reports many seeds, and what the smooth twin does.
#
# </details>

# %% id="exercise-3-solution" tags=["solution"]
rng = np.random.default_rng(0)
line = ReLURegression(rng.uniform(0, 1, (20, 1)), -rng.uniform(0, 1, 20), lam2=0.1)
for c in (1.0, 0.1, 0.01):
    lr = c / line.curvature
    band = 2 * lr * float(line.X[:, 0] @ -line.y) / (2 - c)
    step = trajectories.run(line, [band / 2], lr, 1)
    (before,), (after,) = step.iterates
    print(f"c = {c:4g}   β: {before:.5f} → {after:.5f}   loss falls by {step.values[0] - step.values[1]:.1e}")

# %% [markdown] id="read-next"
# ## Read next
#
# * D. P. Bertsekas, *Nonlinear Programming*, Section 1.2: the capture theorem with its conditions.
# * T. Laurent and J. von Brecht, *The multilinear structure of ReLU networks* (2018): which minima are kinks, and for
#   which loss.
# * Y. Drori and M. Teboulle, *Performance of first-order methods for smooth convex minimization* (2014): the exact
#   worst case, attained by Huber's function.
# * D. Davis, D. Drusvyatskiy, S. Kakade and J. D. Lee, *Stochastic subgradient method converges on tame functions*
#   (2020).
# * J. Bolte and E. Pauwels, *Conservative set valued fields, automatic differentiation, stochastic gradient methods
#   and deep learning* (2021): what autograd computes.
# * S. K. Kumar, *GD doesn't make the cut*, Section 2.
