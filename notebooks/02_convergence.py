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
# This notebook works through Section 2 of *GD doesn't make the cut* (Kumar, arXiv 2401.08426). The paper calls
# gradient methods on losses with kinks *NGDM*. It says that they do not move as gradient descent does (Proposition
# 2.1, Figure 1), that theory for smooth losses does not cover them, and that they are slower (Figure 2). We reproduce
# each picture, put a smooth twin beside it, and see what is left of the difference.
#
# **Afterwards you can**
#
# * say what the capture theorem promises, and what it does not;
# * say how many steps NGDM may need, and on what that depends;
# * measure $L$ across a kink, and say what rounding the kink off changes;
# * say when a fit ends on a kink, and when it does not;
# * name what must be controlled before two activations are compared.
#
# | core idea | minutes | | deeper, for home |
# |:--|--:|:--|:--|
# | 1 · Cube, ball, sublevel set | 15 | | 7 · Which cubes and balls are kept |
# | 2 · Figure 1 and its smooth twin | 15 | | 8 · When a kink does throw a run out |
# | 3 · How slow is NGDM? | 17 | | 9 · Where the dimension comes in |
# | 4 · What smoothness is made of | 12 | | 10 · $L$ near a minimum |
# | 5 · Where do fits end? | 10 | | 11 · Figure 2: depth and activation |
# | 6 · Figure 2 in one picture | 6 | | 12 · The way forward |
#
# **Assumed:** notebook 1; eigenvalues; norms. *Run All* takes about a minute. Run all cells first
# (Run → Run All Cells): no answer shows until you ask for it.

# %% id="imports"
import numpy as np
from IPython.display import display

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import MaxNorm, NeuronRegression, SmoothMaxNorm
from ngdm_helpers.course import claims, exercises, explorers, problems, recorded, votes
from ngdm_helpers.live import reveal
from ngdm_helpers.objectives import Huber, Quadratic, ReLURegression

# %% [markdown] id="capture-claim"
# ## 1 · Cube, ball, sublevel set
#
# **Claim.** *Proposition 2.1:* let gradient descent on a continuously differentiable $f$ produce values that never
# rise. If $\beta^*$ is an isolated local minimum, the only one in a unit ball around it, and
# $\|\beta_0-\beta^*\|<1$, then $\|\beta_k-\beta^*\|<1$ for all $k$.
#
# The paper derives this from the *capture theorem* (Bertsekas, Proposition 1.2.5). It then uses the norm
# $\|\beta\|_\infty=\max_i|\beta_i|$, for which the unit ball is the cube $[-1,1]^p$.

# %% id="capture-predict"
votes.ask("convergence.capture")

# %% [markdown] id="capture-play-note"
# **Play.** The loss is $\tfrac12\beta^\top A\beta$; $\rho$ is the correlation in $A$, and the run starts at $(-t,t)$.
# A *sublevel set* $\{f<m\}$ holds all points with a loss below $m$. The shaded one, $S$, is the largest inside the
# cube. The slider *kinks* adds a multiple of $|x_1^\top\beta|+|x_2^\top\beta|$. *Diagonally dominant* means
# $A_{ii}\ge\sum_{j\ne i}|A_{ij}|$ in every row.
#
# *Questions*, after the goal (i) below the slider. (ii) Click the first mark and lower $t$: when does the run stay in
# the cube, and when does $S$ promise it? (iii) Click “with kinks”. Does the exit change?

# %% id="capture-play"
capture = explorers.capture()
capture

# %% id="capture-reveal"
A = np.array([[1.0, 2.0], [2.0, 5.0]])
parabola, level = Quadratic(A), theory.capture_level(A, np.inf)
lecture = trajectories.run(parabola, [-0.99, 0.99], lr=0.1, steps=150)
side, angle = np.linspace(-1.4, 1.4, 301), np.linspace(0, 2 * np.pi, 200)
field = parabola.value(np.stack(np.meshgrid(side, side), axis=-1))

figure, ax = figures.new(size=(6.4, 5.6))
ax.contourf(side, side, field, levels=[0, level], colors=[figures.BLUE], alpha=0.25)
ax.contour(side, side, field, levels=[lecture.values[0]], colors=[figures.BLUE], linewidths=1)
ax.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color="0.35")
ax.plot(np.cos(angle), np.sin(angle), color="0.6", linewidth=1)
ax.plot(*lecture.iterates.T, marker=".", **figures.SMOOTH)
ax.text(0.2, -0.22, "S", fontsize=14)
ax.text(-0.96, -0.96, "cube")
ax.text(0.0, 0.92, "ball", ha="center", va="top")
ax.set(xlabel="β₁", ylabel="β₂", aspect="equal", xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
alt = (
    "A square, the unit circle in it and a thin shaded ellipse that touches the square from inside. A path starts in "
    "a corner of the square, leaves it to the left, returns and ends in the middle."
)
picture = figures.show(figure, "The level line of the start sticks out of the cube, and the run follows it.", alt=alt)
with reveal("What happens"):
    print(f"largest ‖β‖_∞ {np.abs(lecture.iterates).max():.3f}; the loss falls: {problems.is_monotone(lecture)}")
    display(picture)

# %% [markdown] id="capture-why"
# **Why.** The capture theorem promises that *some* open set around $\beta^*$ captures the run. The proposition takes
# the ball instead. What holds is this, in any norm:
#
# *Let $f$ be convex with its only minimum at 0, and $m$ its least value on $\|\beta\|=1$. Then $S=\{f<m\}$ lies in
# the ball, and a run with falling values that enters $S$ stays in it.*
#
# No gradient is used, so the law holds **with kinks or without**.
#
# <details><summary>Proof</summary>
#
# Take a point outside the ball, $\|\beta\|\ge1$. The segment from 0 to $\beta$ meets the sphere, where $f\ge m$.
# Along the segment $f$ does not fall, since it is convex with its minimum at 0. So $f(\beta)\ge m$, and $\beta$ is
# not in $S$. A run with falling values that is below $m$ once is below $m$ ever after.
#
# </details>

# %% id="capture-by-hand"
A = np.array([[1.0, 2.0], [2.0, 5.0]])
m = min(np.dot(b, A @ b) / 2 for s in np.linspace(-1, 1, 401) for b in ([1, s], [s, 1]))  # half the surface will do
print(f"least loss on the surface of the cube: m = {m:.3f}")
beta = np.array([-0.99, 0.99])
for k in range(7):
    cube, ball = np.abs(beta).max(), np.linalg.norm(beta)
    print(f"step {k}   f = {beta @ A @ beta / 2:.4f}   ‖β‖_∞ = {cube:.3f}   ‖β‖₂ = {ball:.3f}")
    beta = beta - 0.1 * A @ beta  # gradient descent, one line

# %% [markdown] id="capture-verdict"
# **Verdict: wrong.** Smooth gradient descent leaves the cube, up to 1.120, while its loss falls. The start, at
# $f=0.98$, is not in $S$, which ends at 0.1. *Not shown:* that kinks never matter; see idea 8.
#
# <details><summary>A capture theorem with kinks, and the key to the goals</summary>
#
# For constant steps and losses with kinks there is a theorem of the right kind. Let $f$ be locally Lipschitz and
# semi-algebraic, that is, put together from finitely many polynomial pieces, as a ReLU network with squared error is.
# Then a strict local minimum is stable: start close enough, with a small enough step, and the subgradient method stays
# close (Josz and Lai 2022). It needs no convexity. Row C13 of the ledger measures an example.
#
# *Key.* (i) $1/\sqrt5=0.447$: at $\rho=0.44$ the run stays, at 0.45 it leaves. (ii) It stays up to $t=0.88$; $S$
# promises that only below $1/\sqrt{10}=0.316$. (iii) Hardly: the largest $\|\beta\|_\infty$ is 1.123, not 1.120. The
# loss shows the kinks first, in zigzags from step 24 on. At $\eta=1.9/L$ with kinks it rises to 12 times its start,
# and the norms rise with it. Without kinks all three go to 0.
#
# </details>

# %% [markdown] id="figure-claim"
# ## 2 · Figure 1 and its smooth twin
#
# **Claim.** *Figure 1* runs NGDM on the paper's loss
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2+\lambda_1\|\beta\|_1+\lambda_2\|\beta\|^2,\qquad y\le0,\qquad(3)$$
#
# from random $X$, $y$ and $\beta_0$. The loss falls at every step, and yet $\|\beta\|_\infty$ passes 1. The paper
# reads this as a contradiction to the capture theorem, so NGDM cannot have gradient descent's dynamics.
#
# Here $n=50$ samples, $p=100$ weights, $X$ from $U[0,1]$, $y$ from $U[-1,0]$, $\beta_0$ from $U[-1,1]$,
# $\lambda_1=\lambda_2=0.1$, $\eta=8\cdot10^{-5}$.

# %% id="figure-predict"
votes.ask("convergence.figure")

# %% [markdown] id="figure-play-note"
# **Play.** Click *Figure 1*. Curves come in pairs: the loss with kinks, and its smooth twin with $y=0$ and
# $\lambda_1=0$. $L$ is the largest curvature between the kinks, $2\lambda_{\max}(X^\top X)+2\lambda_2$.
#
# *Question*, after the goals (i) to (iii) below the slider. (iv) Make the steps as small as you can. Does the exit go
# away?

# %% id="figure-play"
figure_one = explorers.figure_one()
figure_one

# %% id="figure-reveal"
X, y, start = (drawn[0] for drawn in problems.random_problems(n=50, p=100, low=0.0, seeds=[2]))
pair = ReLURegression(X, [y, 0 * y], lam1=[0.1, 0.0], lam2=0.1)  # both losses, one call
twins = trajectories.run(pair, start, lr=8e-5, steps=2000)
size = np.abs(twins.iterates).max(axis=-1)

figure, (left, right) = figures.new(2, size=(10.5, 4))
for column, (name, style) in enumerate((("NGDM, with kinks", figures.NGDM), ("GD, smooth twin", figures.SMOOTH))):
    left.loglog(twins.steps + 1, twins.values[:, column], **style, label=name)
    right.semilogx(twins.steps + 1, size[:, column], **style)
right.axhline(1, **figures.THRESHOLD)
left.set(xlabel="step k + 1", ylabel="f", xlim=(1, 2000))
right.set(xlabel="step k + 1", ylabel="‖β‖_∞", xlim=(1, 2000), ylim=(0.9, 1.2))
figures.legend(left, loc="lower left")
alt = (
    "Left: two falling loss curves on logarithmic scales. Right: the ∞-norm of both runs, rising from 0.99 through "
    "the dotted line at 1 to above 1.12, nearly on top of each other."
)
picture = figures.show(
    figure, "Both losses fall, and both runs leave the cube. The twin goes a little further.", alt=alt
)
with reveal("What happens: Figure 1, twice"):
    print(f"largest ‖β‖_∞: {size.max(axis=0).round(3)} at step {size.argmax(axis=0)}")
    print(f"the loss falls at every step: {problems.is_monotone(twins)}")
    display(picture)

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
    losses = problems.four_losses(Xs, ys, lam2)  # batch (4, 100): the 400 runs of a setting are one call
    runs = trajectories.run(losses, starts, c / losses.curvature, steps=300)
    shares[name] = problems.leaves_falling(runs, np.inf).sum(axis=-1)
    falling[name] = problems.is_monotone(runs).sum(axis=-1)
    dominant[name] = theory.diagonally_dominant(Xs.swapaxes(1, 2) @ Xs).sum()

# %% id="figure-picture"
figure, ax = figures.new(size=(9.5, 4))
looks = ((figures.VERMILLION, ""), (figures.SKY, "//"), (figures.PURPLE, "xx"), ("0.35", ".."))
for column, (loss, (color, hatch)) in enumerate(zip(problems.FOUR_LOSSES, looks, strict=True)):
    heights = [out[column] for out in shares.values()]
    places = np.arange(len(shares)) + 0.2 * (column - 1.5)
    bars = ax.bar(places, heights, 0.18, color=color, hatch=hatch, edgecolor="white", label=loss)
    ax.bar_label(bars, fontsize=11)
ax.set_xticks(range(len(shares)), shares)
ax.set(ylabel="runs of 100", ylim=(0, 145))
figures.legend(ax, loc="upper right", ncols=2)
alt = (
    "Bars for four data settings and four losses. With 50 samples and 100 columns, between 57 and 92 of 100 runs "
    "leave the cube, with kinks or without; with 20 and 10, between 17 and 34; with 100 and 10, none."
)
caption = "Runs that leave the cube while the loss falls. The data decide most: three of the losses have no kink."
picture = figures.show(figure, caption, alt=alt)
with reveal("One seed proves little: 100 seeds, four losses"):
    print("the squared hinge is the smooth twin; softplus rounds the ReLU off, ridge regression has no ReLU")
    print("λ₁ = 0 throughout")
    for name in shares:
        print(f"{name:18s} XᵀX is diagonally dominant in {dominant[name]:2d} of 100;", end=" ")
        print(f"the loss falls for all 300 steps in {', '.join(map(str, falling[name]))}")
    display(picture)

# %% [markdown] id="figure-why"
# **Why.** Between the kinks, and but for the penalties, the loss is quadratic. Its matrix is $A=2X^\top X$, over the
# rows that the ReLU lets through, in the twin too. Small steps keep the cube from every start only if $A$ is
# diagonally dominant (idea 7). For $X$ from $U[0,1]$ the average entry of $X^\top X/n$ is $1/3$ on the diagonal and
# $1/4$ beside it, and a row has $p-1$ of these. A kink adds the constant slope $2|y_i|x_i$ to its row.

# %% id="figure-by-hand"
X, y, start = (drawn[0] for drawn in problems.random_problems(n=50, p=100, low=0.0, seeds=[2]))
for name, response, lam1 in (("with kinks ", y, 0.1), ("smooth twin", 0 * y, 0.0)):
    beta = start
    for _ in range(500):
        z = X @ beta
        slope = 2 * X.T @ (np.where(z > 0, z - response, 0)) + lam1 * np.sign(beta) + 2 * 0.1 * beta
        beta = beta - 8e-5 * slope  # NGDM: what automatic differentiation runs
    print(f"{name}   ‖β‖_∞ before {np.abs(start).max():.3f}, after 500 steps {np.abs(beta).max():.3f}")

# %% [markdown] id="figure-verdict"
# **Verdict: the observation holds if** the ball is the cube; as a contradiction it is **wrong**. The smooth twin gets
# to 1.126, NGDM to 1.122. The paper adds that NGDM “is not a descent method”, but here its loss falls at every
# step. *Not shown:* what a kink does where a step is long against the distance to the minimum (idea 8).
#
# <details><summary>Key to the goals</summary>
#
# (i) 20 of the 100 seeds, the first of them 10. (ii) 59 and 66, by less than 0.003. (iii) From $c=1.54$ down; at 1.58
# it reaches 1.018 times its start. The twin stays below for $c<2$. (iv) No: at $c=0.02$, seed 2 still gets to 1.084
# (twin 1.081), only later. Of 100 seeds 76 leave instead of 80, of the twins 69 instead of 78. The constant
# slope that the kinks add can be seen: at $20\times10$ 32 of 100 runs leave, of the twins 22.
#
# </details>

# %% [markdown] id="rates-claim"
# ## 3 · How slow is NGDM?
#
# **Claim.** Let $R$ be the distance from the start to a minimum.
#
# * On a convex loss whose gradient is $L$-Lipschitz, $\|\nabla f(\beta)-\nabla f(\beta')\|\le L\|\beta-\beta'\|$ (5),
#   gradient descent with $\eta=1/L$ comes within $\varepsilon$ of the least value in at most $LR^2/(2\varepsilon)$
#   steps.
# * On a convex loss that is itself $G$-Lipschitz, $|f(\beta)-f(\beta')|\le G\|\beta-\beta'\|$ (6), the best value so
#   far of NGDM with $\eta=\varepsilon/G^2$ does so in at most $G^2R^2/\varepsilon^2$ steps.
#
# The paper concludes that assuming smoothness grossly overestimates the speed of NGDM, and expects smooth networks to
# train faster.

# %% id="rates-predict"
votes.ask("convergence.rates")

# %% [markdown] id="rates-play-note"
# **Play.** The loss is $|\beta_1|$ plus a second term in $\beta_2$. On the left $\beta_1$ is measured in steps. The run
# ends in the shaded set, where $f\le\varepsilon$. On the right both scales are logarithmic: steps in proportion to
# $1/\varepsilon^2$ have slope −2. Begin with the mark $|\beta_2|$, then take $\varepsilon|\beta_2|$.

# %% id="rates-play"
zigzag = explorers.zigzag()
zigzag

# %% id="rates-table"
_, _, R = problems.rates_problem()  # linear regression without noise, n = 200, p = 20
squares, absolute = problems.rates_losses()
counts = {}  # name: (relative accuracies ε/(LR²) or ε/(GR), steps)
eps = np.array([1.0, 0.1, 0.01, 1e-3, 1e-4])
values = trajectories.run(squares, np.zeros(20), 1 / squares.smoothness, 100).values[:, None]
counts["least squares"] = eps / (squares.smoothness * R**2), problems.steps_to(values, eps)
k = np.array([3, 10, 30, 100, 300])
worst = trajectories.run(Huber([[1.0]], [0.0], 1 / (2 * k + 1), "sum"), [1.0], 1.0, 301).values
counts["Huber, δ = 1/(2k + 1)"] = 1 / (4 * k + 2), problems.steps_to(worst, 1 / (4 * k + 2))
eps = np.array([0.1, 0.05, 0.025, 0.0125])
counts["|β₁| + ε|β₂|"] = eps / np.sqrt(1 + eps**2), np.array([problems.zigzag_steps(e, None) for e in eps.tolist()])
eps = np.array([0.02, 0.01, 0.005, 0.0025])
counts["|β₁| + β₂⁸/8"] = eps / np.sqrt(2), np.array([problems.zigzag_steps(e, 8) for e in eps.tolist()])
eps = np.array([0.3, 0.1, 0.03, 0.01])
both = np.array([problems.absolute_steps(e) for e in eps]).T  # NGDM, and GD on Huber's function with δ = ε
counts["LAD"], counts["LAD, smoothed by Huber"] = ((eps / (absolute.lipschitz * R), row) for row in both)

# %% id="rates-reveal"
colors = (figures.BLUE, figures.SKY, figures.VERMILLION, figures.ORANGE, figures.GREEN, figures.BLACK)
figure, axes = figures.new(2, size=(11, 4.6), sharey=True)
accuracy = np.geomspace(1e-6, 0.3, 50)
axes[0].loglog(accuracy, theory.smooth_steps_bound(1, 1, accuracy), **figures.THEORY)
axes[1].loglog(accuracy, theory.subgradient_steps_bound(1, 1, accuracy), **figures.THEORY)
for number, (name, (x, steps)) in enumerate(counts.items()):
    look = {"marker": "osovDx"[number], "color": colors[number], "linewidth": 1}
    axes[int(number > 1)].loglog(x, steps, **look, label=name)
for ax, title in zip(axes, ("smooth, bound LR²/(2ε)", "with kinks, bound G²R²/ε²"), strict=True):
    ax.set(xlabel="relative accuracy", xlim=(0.3, 1e-6 if ax is axes[0] else 1e-3), ylim=(1, 1e5), title=title)
    figures.legend(ax, loc="lower right" if ax is axes[0] else "upper left")
axes[0].set(ylabel="steps needed")
caption = "Both bounds are met, up to a constant, by a worst function for each ε. Other functions do better."
alt = (
    "Steps against accuracy on logarithmic scales. Left: Huber's worst case runs parallel to the dashed bound of "
    "slope −1, least squares stays far below. Right: |β₁| + ε|β₂| runs parallel to the dashed bound of slope −2, "
    "|β₁| + β₂⁸/8 a little flatter; least absolute deviations has a slope of about −1."
)
picture = figures.show(figure, caption, alt=alt)
with reveal("What happens, and what other losses need"):
    print("LAD: the mean of |xᵢᵀβ − yᵢ|. Huber: a parabola within δ of 0, straight beyond.")
    print("relative accuracy: ε/(LR²) for the smooth losses, ε/(GR) for those with kinks")
    for name, (x, steps) in counts.items():
        print(f"{name:24s} steps {np.array2string(np.asarray(steps)):32s} slope {problems.slope(x, steps):6.2f}")
    display(picture)

# %% [markdown] id="rates-why"
# **Why.** $\beta_1$ jumps between $\pm\eta/2$, so $|\beta_1|$ stays at $\eta/2$. Meanwhile $\beta_2$ falls by
# $\eta\varepsilon$ a step. Together they come down to $\varepsilon$ after $1/(2\varepsilon^2)$ steps, half of the
# bound. The kink forces a step of order $\varepsilon$, and the flat direction pays for it.
#
# This loss changes with $\varepsilon$. The fixed loss $|\beta_1|+|\beta_2|^q/q$ with $q>2$ has a slope that tends to
# $-(2-2/q)$ as $\varepsilon\to0$: as near $-2$ as you like.
#
# <details><summary>The slope of the fixed loss, and other assumptions</summary>
#
# The run ends at about $|\beta_2|^q\approx\varepsilon$. Until then $\beta_2$ falls by $\eta\beta_2^{q-1}$ a step, so
# it takes about $\beta_2^{2-q}/((q-2)\eta)$ steps to come down to $\beta_2$. Insert
# $\beta_2=\varepsilon^{1/q}$ and $\eta=\varepsilon/2$: the number is of order $\varepsilon^{-(2-2/q)}$.
#
# A kink by itself decides nothing. Smooth with acceleration: $R\sqrt{2L/\varepsilon}$ steps. Smooth and *strongly
# convex*, which means curved at least like a parabola: $\log(1/\varepsilon)$. With kinks, strongly convex:
# $1/\varepsilon$; *sharp*, which means growing at least
# linearly with the distance: $\log(1/\varepsilon)$, if the steps shrink geometrically (notebook 1).
#
# The bounds are for constant steps. With a schedule of *silver* steps, a quarter of them above $2/L$, gradient descent
# does much better on the worst smooth loss (notebook 4).
#
# </details>

# %% id="rates-by-hand"
for eps in (0.1, 0.05, 0.025, 0.0125):
    eta = eps / (1 + eps**2)  # ε/G²
    b1, b2, steps = eta / 2, 1.0, 0
    while abs(b1) + eps * abs(b2) > eps * (1 + 1e-9):
        b1, b2 = b1 - eta * np.sign(b1), b2 - eta * eps * np.sign(b2)  # NGDM, one line
        steps += 1
    print(f"ε = {eps:6g}   {steps:5d} steps   1/(2ε²) = {1 / (2 * eps**2):5.0f}   bound G²R²/ε² = {1 / eps**2:5.0f}")

# %% [markdown] id="rates-verdict"
# **Verdict: holds if** read as two bounds, each for the worst function of its class. NGDM attains $1/(2\varepsilon^2)$
# with two weights. *Not shown:* that a given loss with kinks is slower than a given smooth one. Least absolute
# deviations (LAD) has slope −1, and smoothing it with $\delta=\varepsilon$ changes no count by more than 1.
#
# <details><summary>Why least squares and LAD do better, and the key to the goals</summary>
#
# Least squares takes a few steps per digit because it is strongly convex.
# LAD has slope near −1 because it is sharp. Nor do bounds for convex losses and full gradients speak about stochastic
# gradients on networks.
#
# *Key.* (i) $\varepsilon|\beta_2|$ with $\varepsilon\le0.0158$. (ii) $\beta_1/\eta$ below 0.05 or above 0.95. Exercise
# 1 asks why. (iii) $\beta_2^{16}/16$: slope −1.90.
#
# </details>

# %% [markdown] id="smoothness-claim"
# ## 4 · What smoothness is made of
#
# **Claim.** Convergence theory assumes that the gradient is $L$-Lipschitz,
#
# $$\|\nabla f(\beta)-\nabla f(\beta')\|\le L\,\|\beta-\beta'\|.\qquad(5)$$
#
# Such a loss is called $L$-*smooth*. With kinks (5) fails. The paper concludes that theory which assumes it is likely
# to have little bearing on networks with kinks.

# %% id="smoothness-predict"
votes.ask("convergence.smoothness")

# %% [markdown] id="smoothness-play-note"
# **Play.** Left: the derivative, magnified until the distance fills the frame. Right: the *secant slope*, the change
# of the derivative divided by the distance, for every distance; the dots are at yours.
#
# *Questions.* (i) Take $\delta=0.01$ and zoom in until the rounded kink's secant slope stops growing. At which
# distance? (ii) On $|\beta|$: by what factor must $\delta$ fall for $L$ to grow 100 times? (iii) NGDM on $|\beta|$
# with $\eta=0.1$ from 1.05 uses the slopes at 1.05, 0.95, …, 0.15 in its first ten steps. From which $\delta$ on do
# kinked and rounded differ there? Put the distance to 0.31.

# %% id="smoothness-play"
smoothness = explorers.smoothness_at_kink()
smoothness

# %% id="smoothness-table"
X, y, start = (drawn[0] for drawn in problems.random_problems(50, 100, 0.0, seeds=[2]))  # Figure 1's data
widths = np.append(np.geomspace(1e-5, 1, 26), 0.0)
family = NeuronRegression(X, y, width=widths, lam2=0.1)
path = trajectories.run(family, start, 8e-5, 300).iterates
apart = np.abs(path - path[:, -1:]).max(axis=(0, 2))[:-1]  # from the run with the kink
closest = np.abs(path[:, -1] @ X.T).min()
bend = 0.5 + 0.5 * (np.log(2) - y / widths[10])  # the second derivative of each sample's loss at 0, width 10⁻³
eta_L = 8e-5 * (np.linalg.eigvalsh(X.T @ (bend[:, None] * X))[-1] + 0.2)

# %% id="smoothness-reveal"
figure, ax = figures.new(size=(9, 4.4))
ax.loglog(widths[:-1], np.maximum(apart, 1e-16), marker="o", color=figures.PURPLE)
ax.loglog(widths[:-1], family.smoothness[:-1] * 8e-5, **figures.THEORY)
ax.axhline(2, **figures.THRESHOLD)
ax.axvline(closest, **figures.THRESHOLD)
ax.text(1.5e-3, 200, "η · (bound on L)", va="bottom")
ax.text(0.8, 4, "ηL = 2", ha="right", va="bottom")
ax.text(2e-3, 1e-7, "largest distance between the runs", va="top")
ax.text(1.1 * closest, 1e-13, "closest that an iterate came to a kink", va="center")
ax.set(xlabel="width δ on which the kink is rounded", xlim=(1e-5, 1), ylim=(1e-16, 1e5))
alt = (
    "Against the width, on logarithmic scales: the distance between the runs falls towards small widths, steeply left "
)
alt += "of a vertical dotted line, and reaches rounding error at the left edge; a dashed line, η times L, rises "
alt += "towards small widths and passes the dotted line at 2 much further right."
picture = figures.show(
    figure, "As the kink is rounded on a finer scale, L goes to infinity, and the run does not care.", alt=alt
)
with reveal("What happens"):
    print(f"width {widths[10]:g}: the runs stay within {apart[10]:.1e}; η times the curvature at 0 is {eta_L:.0f}")
    display(picture)

# %% [markdown] id="smoothness-why"
# **Why.** Let the slope jump by $J$. Two points at distance $d$ across it have the secant slope $J/d$, so no $L$ will
# do. Round the kink off over a width $\delta$, and $L$ is about $J/\delta$: finite, as large as you like. A kink is the
# limit of sharper and sharper bends, $L\to\infty$. But a run sees the slope only at its iterates. While none comes
# within a few widths of a kink, it cannot tell the two apart.

# %% id="smoothness-by-hand"
X, y, start = (drawn[0] for drawn in problems.random_problems(n=50, p=100, low=0.0, seeds=[2]))
for delta in (0.1, 0.01, 0.0):
    beta = start
    for _ in range(300):
        z = X @ beta
        if delta:  # softplus: max(z, 0), its kink rounded off on the scale δ
            phi, slope = np.logaddexp(0, z / delta) * delta, np.exp(-np.logaddexp(0, -z / delta))
        else:
            phi, slope = np.maximum(z, 0), z > 0
        beta = beta - 8e-5 * (2 * X.T @ ((phi - y) * slope) + 0.2 * beta)
    print(f"width δ = {delta:4g}   after 300 steps β = {beta[:4].round(5)} …")

# %% [markdown] id="smoothness-verdict"
# **Verdict.** That (5) fails at a kink **holds**. But 300 steps of Figure 1 with the kinks, and with kinks rounded off
# on $10^{-3}$, stay within $3\cdot10^{-5}$, although $\eta L$ is above 20. What the run does is not decided by (5):
# “little bearing” is **imprecise** (row P11). *Not shown:* many steps. A run that settles on a kink does feel it
# (notebook 3).
#
# <details><summary>Key to the questions</summary>
#
# (i) At about $\delta$: at distance 0.01 the rounded secant slope is 49.8, nearly its limit 50.8; the kink's is 201.
# (ii) By 100: $L=1/\delta$. (iii) From $\delta=0.155$ on, the slider's first value above 0.15. Rounding changes the
# slope only where $|\beta|<\delta$, so for $\delta\le0.15$ these ten steps cannot tell.
#
# </details>

# %% [markdown] id="knots-claim"
# ## 5 · Where do fits end?
#
# **Claim.** Could (5) be asked for near a minimum only? The paper says no, and quotes Laurent and von Brecht (2018):
# “local minima of ReLU networks are generically nondifferentiable”.
#
# We fit 20 noisy points by squared error with a network of three ReLU units,
# $x\mapsto\sum_ja_j\max(w_jx+b_j,0)+b_0$. Its graph is a broken line with a *knot*, a bend, at each $-b_j/w_j$.

# %% id="knots-predict"
votes.ask("convergence.knots")

# %% [markdown] id="knots-play-note"
# **Play.** Left: the network after $k$ steps. Right: where its knots are during training. Grey lines are the samples.
# Press ▶, then click *three units* and press it again.

# %% id="knots-play"
knots = explorers.knots()
knots

# %% id="knots-table"
x, y = (drawn[0] for drawn in problems.noisy_samples([2], 0.3))
hidden, outer, offset = problems.knot_start([2], 8)
units = hidden[..., :3], outer[..., :3], offset  # the network that the slider shows first
etas = [0.1] * 800 + [0.1 * 1e-7 ** (k / 4000) for k in range(4000)]
tracks = []  # the places of the knots after each step
for state in problems.knot_steps(x[None], y[None], units, etas):
    (w, b), a, b0 = state[0][0], state[1][0], state[2][0]
    tracks.append(-b / w)
swing = np.ptp(tracks[751:801], axis=0)  # the last 50 steps with the constant η
nearest = int(np.abs(x + b[0] / w[0]).argmin())  # the sample on which the first knot ends
missed = np.abs(x[:, None] + b / w).min(axis=0).max()


def error_with_knot(t):
    """The mean squared error when the first knot is moved to t."""
    moved = np.array([-w[0] * t, *b[1:]])
    return np.mean((np.maximum(np.outer(x, w) + moved, 0) @ a + b0 - y) ** 2)


corner = [error_with_knot(x[nearest] + shift) for shift in (-1e-3, 0.0, 1e-3)]
on_samples, inside, from_stationary = problems.knot_ends(range(60))

# %% id="knots-reveal"
figure, (fit, slice_) = figures.new(2, size=(10.5, 4.2))
line, shifts = np.linspace(-1.1, 1.1, 441), np.linspace(-0.02, 0.02, 401)
fit.plot(x, y, "o", color="0.5")
fit.plot(line, np.maximum(np.outer(line, w) + b, 0) @ a + b0, **figures.NGDM)
fit.plot(-b / w, np.maximum(np.outer(-b / w, w) + b, 0) @ a + b0, "D", color=figures.BLUE)
fit.set(xlabel="x", ylabel="y", title="samples, network and its knots")
slice_.plot(shifts, [error_with_knot(x[nearest] + shift) for shift in shifts], **figures.NGDM)
slice_.axvline(0, color="0.75", zorder=0.5)
slice_.set(xlabel="first knot, moved from the sample by", ylabel="mean squared error", xlim=(-0.02, 0.02))
slice_.set_xticks((-0.02, -0.01, 0, 0.01, 0.02))
slice_.text(0, slice_.get_ylim()[1], " a sample", va="top")
caption = "Right: the error as the first knot passes a sample, the rest held. It has a corner, and its minimum, there."
alt = (
    "Left: twenty points, a broken line through them and diamonds at its bends, each above or below a point. Right: "
    "the error against the place of a knot, two branches that meet in a corner, the lowest point, at a grey line."
)
picture = figures.show(figure, caption, alt=alt)
with reveal("What happens"):
    print(f"once η has decayed, each of the three knots is within {missed:.0e} of a sample")
    print(f"before, with η = 0.1, they jumped across their samples, over {swing.min():.4f} to {swing.max():.4f}")
    print(f"of {len(on_samples)} networks, {np.sum(on_samples > 0)} end with a knot on a sample;", end=" ")
    print(f"in {inside.sum()} the slopes on both sides point at it")
    print(f"{(from_stationary < 0.01).sum()} are stationary: gradients around average to 0, to 1 % of the jump")
    display(picture)

# %% [markdown] id="knots-why"
# **Why.** Move a knot across a sample with residual $r$. There the slope of the loss jumps by an amount proportional to
# $r$. If it jumps from negative to positive, the knot has a minimum on the sample, with a corner: NGDM steps across it
# to and fro. Where the network fits the sample, $r=0$, and nothing jumps: there the loss is differentiable (idea
# 10). So it is a network that cannot fit its data which ends on kinks.

# %% id="knots-by-hand"
# x, y are the samples; w, b, a and b0 the weights of the trained network, whose first knot is at x[nearest]
for shift in (-0.01, -0.001, 0.0, 0.001, 0.01):
    moved = b.copy()
    moved[0] = -w[0] * (x[nearest] + shift)  # the first knot, moved; the rest stays
    error = np.mean((np.maximum(np.outer(x, w) + moved, 0) @ a + b0 - y) ** 2)
    print(f"first knot moved by {shift:6g}   mean squared error {error:.6f}")

# %% [markdown] id="knots-verdict"
# **Verdict: holds if** the network does not fit its data. Of 60 small networks 41 end with a knot on a sample, where
# the loss is not differentiable (21 stationary to 1 %, row C3). *Not shown:* large networks, which fit their
# data; there the loss is differentiable at the minimum (idea 10). The quoted theorem is about another loss, the hinge
# loss of classification.
#
# <details><summary>Key to the goals</summary>
#
# (i) Noise 0.6, eight units, $\eta=0.2$: six knots. (ii) Three units and $\eta=0.2$ or 0.4. What counts is that the
# network cannot fit a sine, with noise or without. (iii) $\eta=0.02$: one of three. In our 60 runs $\eta$ shrinks at
# the end. With a constant $\eta$ a knot jumps from one side of its sample to the other, over about $\eta/40$.
#
# </details>

# %% [markdown] id="trend-claim"
# ## 6 · Figure 2 in one picture
#
# **Claim.** *Figure 2* trains VGG networks of three depths with ReLU and with the smooth GELU, $z\,\Phi(z)$, where
# $\Phi$ is the normal distribution function. The lead of GELU widens with depth. The paper expected that, since depth
# adds non-smoothness.
#
# We trained these networks for 3000 steps on images of digits, with three seeds. *Mean loss* is the training loss
# averaged over the run: the lower, the faster. *One rate* gives both activations the same learning rate, the middle of
# three; *tuned* gives each activation, at each depth, the best of the three.

# %% id="trend-table"
leads = {}  # optimiser: its three rates; ReLU minus GELU at each (rates, depths); the same with the best rate for each
at_vgg19 = {}  # (optimiser, rate): the lower of the two losses there
for name, (init, optimizer, etas) in {
    "SGD": ("variance-preserving", "sgd", (0.003, 0.01, 0.03)),
    "Adam": ("default", "adam", (3e-4, 1e-3, 3e-3)),
}.items():
    relu, gelu = (
        np.array([np.median(recorded.setting_means(("digits", init, optimizer, 1.0, eta, 3000), activation), axis=1)
                  for eta in etas])
        for activation in ("relu", "gelu")
    )  # fmt: skip
    at_vgg19 |= {(name, eta): best for eta, best in zip(etas, np.minimum(relu, gelu)[:, 2], strict=True)}
    tuned = [recorded.tuned_means("digits", init, optimizer, 3000, activation)[0] for activation in ("relu", "gelu")]
    leads[name] = etas, relu - gelu, np.median(tuned[0], axis=1) - np.median(tuned[1], axis=1)

# %% id="trend-picture"
figure, panels = figures.new(2, size=(10, 3.6), sharey=True)
print(f"mean loss of ReLU − GELU, η:   {'VGG11':>8s}{'VGG13':>8s}{'VGG19':>8s}")
for ax, (name, (etas, one_rate, tuned)) in zip(panels, leads.items(), strict=True):
    ax.plot((0, 1, 2), one_rate[1], "o-", color=figures.ORANGE, label=f"one rate, η = {etas[1]:g}")
    ax.plot((0, 1, 2), tuned, "s--", color=figures.BLUE, label="tuned")
    ax.axhline(0, **figures.THRESHOLD)
    ax.set_xticks((0, 1, 2), ("VGG11", "VGG13", "VGG19"))
    ax.set(title=name, xlim=(-0.25, 2.25))
    figures.legend(ax, loc="upper left")
    for eta, row in zip((*etas, "tuned"), (*one_rate, tuned), strict=True):
        learns = "" if eta == "tuned" or at_vgg19[name, eta] < 2.25 else "   at VGG19 neither learns"
        print(f"{name:4s} {eta!s:25s}" + "".join(f"{value.round(2) + 0:8.2f}" for value in row) + learns)
panels[0].set_ylabel("mean loss, ReLU − GELU")
figures.show(
    figure,
    "Above 0 GELU is faster. At the middle of three rates its lead widens with depth. With the best rate for each it "
    "is gone at VGG19 (medians of three seeds).",
    alt="Two panels, SGD and Adam, the lead of GELU at three depths. The line for one rate rises in both; the line for "
    "tuned rates is flat and ends below 0.",
)

# %% [markdown] id="trend-verdict"
# **Verdict: imprecise.** At the middle rate the trend is there. At the lower it is not, and at the higher neither
# learns VGG19. With tuned rates GELU leads by 0.04 (SGD) and 0.10 (Adam) on VGG11, no longer on VGG19. Nor is the kink
# the cause: an analytic double trains as ReLU does (idea 11). *Not shown:* long training, or who leads at VGG19.

# %% [markdown] id="stop-here"
# ## You can stop here
#
# The core ends here. Below stand the exercises, then six deeper ideas for home, each complete in itself; last come
# the symbols, the ledger of claims, and the tests.

# %% [markdown] id="exercises"
# ## Exercises
#
# Write your code in place of `...` and run the cell: it says what is right, or what helps. Exercise 1 goes with idea 3,
# 2 with idea 7, 3 with idea 8. Exercise 4 is yours to invent.

# %% [markdown] id="exercise-1"
# ### Exercise 1 · From which starts is NGDM slow?
#
# Idea 3 starts NGDM on $|\beta_1|+\varepsilon|\beta_2|$ with $\beta_1=\eta/2$. Start it at $(\tau\eta,1)$ instead,
# $0<\tau<1$, and stop when $f\le\varepsilon$. How many steps does it take, give or take two? From which starts does
# the number still grow like $1/\varepsilon^2$?


# %% id="exercise-1-stub" tags=["exercise"]
def steps_from(tau, eps):
    """The number of steps, give or take two, that NGDM takes from (τη, 1) until f ≤ ε."""
    ...


exercises.check("convergence.1", steps_from)

# %% [markdown] id="exercise-1-hint"
# <details><summary>Hint</summary>
#
# $\beta_1$ takes two values in turn. How far must $\beta_2$ have come down when the smaller of $|\beta_1|$ is enough?
#
# </details>

# %% [markdown] id="exercise-1-solution"
# <details><summary>Solution</summary>
#
# After $k$ steps $\beta_2=1-k\eta\varepsilon$, so $f\le\varepsilon$ as soon as $|\beta_1|\le k\eta\varepsilon^2$.
# $\beta_1$ alternates between $\tau\eta$ and $(\tau-1)\eta$. The run ends when $k\varepsilon^2$ reaches the smaller
# of $\tau$ and $1-\tau$, at one of the next two steps. So it takes about $\min(\tau,1-\tau)/\varepsilon^2$ steps:
# of order $1/\varepsilon^2$ from every start that is not a multiple of $\eta$, and slowest from $\tau=\tfrac12$.
#
# ```python
# def steps_from(tau, eps):
#     return min(tau, 1 - tau) / eps**2
#
#
# for tau in (0.5, 0.2, 0.9, 0.99):
#     taken = [problems.zigzag_steps(eps, None, tau) for eps in (0.1, 0.05, 0.025)]
#     print(f"τ = {tau:g}: NGDM {taken}, law {[round(steps_from(tau, eps)) for eps in (0.1, 0.05, 0.025)]}")
# ```
#
# </details>

# %% [markdown] id="exercise-2"
# ### Exercise 2 · How much correlation is too much?
#
# Let $A$ have 1 on the diagonal and $\rho\ge0$ everywhere else, in $p$ dimensions. What is the largest $\rho$ for which
# gradient descent on $\tfrac12\beta^\top A\beta$ with small steps keeps the cube? What happens as $p$ grows, and what
# about the ball?


# %% id="exercise-2-stub" tags=["exercise"]
def largest_rho(p):
    """The largest correlation for which the cube in p dimensions is kept."""
    ...


exercises.check("convergence.2", largest_rho)

# %% [markdown] id="exercise-2-hint"
# <details><summary>Hint</summary>
#
# Diagonal dominance asks for one row sum.
#
# </details>

# %% [markdown] id="exercise-2-solution"
# <details><summary>Solution</summary>
#
# $A$ is diagonally dominant if and only if $(p-1)\rho\le1$. In high dimension next to no correlation is enough to
# leave the cube. The ball is kept for every $\rho<1$ and $\eta\le2/L$.
#
# ```python
# def largest_rho(p):
#     return 1 / (p - 1)
#
#
# for p in (2, 5, 20, 100):
#     tried = np.linspace(0, 1, 1001)
#     kept = [rho for rho in tried if theory.cube_gain((1 - rho) * np.eye(p) + rho, 0.01) <= 1 + 1e-12]
#     print(f"p = {p:3d}: cube kept up to ρ = {max(kept):.3f}, 1/(p − 1) = {largest_rho(p):.3f}")
# ```
#
# </details>

# %% [markdown] id="exercise-3"
# ### Exercise 3 · A small step does not protect the ball
#
# Take (3) with one weight: data $x_i>0$, responses $-|y_i|$, $\lambda_1=0$ and a small $\lambda_2>0$, so that 0 is the
# only minimum. For any $\eta<2/L$ find a start $\beta_0>0$ from which a single step of NGDM lands farther from 0 than
# it began, while the loss falls. Then say what a fair “Figure 1” would have to fix before it compares two losses.


# %% id="exercise-3-stub" tags=["exercise"]
def start_near_the_kink(x, size, lam2, lr):
    """β₀ > 0 from which a step of length lr increases |β|. x, size: (n,), the xᵢ and the |yᵢ|."""
    ...


exercises.check("convergence.3", start_near_the_kink)

# %% [markdown] id="exercise-3-hint"
# <details><summary>Hint</summary>
#
# Write $\beta$ for the result of the step: $\beta=(1-\eta L)\beta_0-2\eta\sum_ix_i|y_i|$ with
# $L=2\sum_ix_i^2+2\lambda_2$. For which $\beta_0$ is $\beta<-\beta_0$?
#
# </details>

# %% [markdown] id="exercise-3-solution"
# <details><summary>Solution</summary>
#
# $|\beta|>\beta_0$ if $\beta_0$ is below $2\eta\sum_ix_i|y_i|/(2-\eta L)$. From the middle of this band the loss
# falls too, to $\|y\|^2+\lambda_2\beta^2$. So for *every* $\eta<2/L$ there are such starts, in a band about the kink.
# For small $\eta$ its width is of order $\eta$. It is the condition $f-f^*\le\tfrac\eta2\|g\|^2$ of idea 7.
#
# A fair comparison fixes the data, the scale of the start relative to that band, the norm, and $\eta L$. It reports
# many seeds, and what the smooth twin does.
#
# ```python
# def start_near_the_kink(x, size, lam2, lr):
#     L = 2 * x @ x + 2 * lam2
#     band = 2 * lr * (x @ size) / (2 - lr * L)
#     return band / 2
# ```
#
# </details>

# %% [markdown] id="exercise-4"
# ### Exercise 4 · Transfer: round the kink off your own way
#
# Idea 4 rounds ReLU off by softplus. Invent another activation that stays within $\delta$ of $\max(z,0)$ and has a
# continuous slope: a parabola between two lines, a square root, whatever you like. Predict first: will 300 steps of
# Figure 1 tell yours from ReLU?


# %% id="exercise-4-stub" tags=["exercise"]
def my_relu(z, delta):
    """The value and the slope at z (an array) of your activation, within delta of max(z, 0)."""
    ...


exercises.check("convergence.4", my_relu)

# %% [markdown] id="exercise-4-hint"
# <details><summary>Hint</summary>
#
# Take a slope that rises from 0 to 1 over $|z|\le\delta$, and integrate it. Or try $\tfrac12(z+\sqrt{z^2+\delta^2})$.
#
# </details>

# %% [markdown] id="exercise-4-solution"
# <details><summary>Solution</summary>
#
# One of many. The check runs Figure 1 with $\delta=10^{-4}$ and says how far your run ends from that with the kinks.
#
# ```python
# def my_relu(z, delta):
#     root = np.sqrt(z**2 + delta**2)
#     return (z + root) / 2, (1 + z / root) / 2
# ```
#
# </details>

# %% [markdown] id="balls-claim"
# ## 7 · Which cubes and balls are kept
#
# *On smooth convex losses small steps keep every ball, but keep the cube only if $A$ is diagonally dominant.*
#
# **Claim.** Proposition 2.1 says that a ball around the minimum is never left, in any norm, while the loss falls.

# %% id="balls-predict"
votes.ask("convergence.balls")

# %% id="balls-reveal"
rng = np.random.default_rng(0)
A = np.array([[1.0, 2.0], [2.0, 5.0]])  # that of idea 1
level, at_start = theory.capture_level(A, np.inf), Quadratic(A).value([-0.99, 0.99])
far = 0.9
for _ in range(100):
    far -= 0.1 * far * (far - 0.5) * (far - 2)  # the slope of a polynomial with minima at 0 and 2 and a hill at ½
with reveal("What happens"):
    print(f"S in the cube: m = min 1/(2(A⁻¹)ᵢᵢ) = {level:.3f}, in the ball: λmin/2 = {theory.capture_level(A, 2):.3f};")
    print(f"the start of idea 1 has f = {at_start:.3f}: no promise was made")
    for rho in (0.4, 1 / np.sqrt(5), 0.5, 2 / np.sqrt(5)):
        M = np.array([[1, rho * np.sqrt(5)], [rho * np.sqrt(5), 5]])
        dominates, gain = theory.diagonally_dominant(M), theory.cube_gain(M, 0.1)
        print(f"ρ = {rho:.3f}   ‖I − ηA‖_∞ = {gain:.3f}   diagonally dominant: {dominates}")
    for p in (2, 3, 4, 10):
        drawn = rng.uniform(0, 1, (1000, p))
        dominates = theory.diagonally_dominant(drawn.T @ drawn)
        print(f"X from U[0, 1], n = 1000, p = {p:2d}: XᵀX diagonally dominant: {dominates}")
    print(f"not convex, minima at 0 and 2: from 0.9, in the unit ball about 0, gradient descent goes to {far:.3f}")

# %% [markdown] id="balls-why"
# **Why.** Without convexity Proposition 2.1 fails in every norm, on the line already. A start in the ball may belong
# to another minimum; the last line of the fold shows one. Let $f$ be convex with its minimum at 0.
#
# **The ball law.** *If $f$ is $L$-smooth and $\eta\le2/L$, then $\|\beta_k\|_2$ never rises.* Expand the square and
# use $\langle\nabla f,\beta\rangle\ge\|\nabla f\|^2/L$:
#
# $$\|\beta_{k+1}\|_2^2\le\|\beta_k\|_2^2-\eta\,(2/L-\eta)\,\|\nabla f(\beta_k)\|^2.$$
#
# **With kinks.** *If $g$ is a subgradient, then $\|\beta_{k+1}\|_2<\|\beta_k\|_2$ as long as
# $f(\beta_k)-f^*>\tfrac\eta2\|g\|^2$.* The same expansion shows it, with
# $\langle g,\beta\rangle\ge f(\beta)-f^*$.
#
# **The cube law.** *On $\tfrac12\beta^\top A\beta$ the cube is kept from every start in it if and only if
# $\|I-\eta A\|_\infty\le1$. For $\eta\le1/\max A_{ii}$ that means that $A$ is diagonally dominant.* The norm is the
# largest row sum $|1-\eta A_{ii}|+\eta\sum_{j\ne i}|A_{ij}|$. Dominance decides about the worst start. A random one
# may stay in the cube without it.
#
# For $X$ from $U[-1,1]$ the off-diagonal entries of $X^\top X$ are of size $\sqrt n/3$ against $n/3$. That is too much
# once $p-1$ exceeds about $1.25\sqrt n$.

# %% [markdown] id="balls-verdict"
# **Verdict: wrong** as Proposition 2.1 has it. The Euclidean ball is kept for smooth convex losses below $2/L$; the
# cube only under diagonal dominance; with kinks the ball is kept while the loss is above
# $f^*+\tfrac\eta2\|g\|^2$. *Not shown:* anything for losses that are not convex.

# %% [markdown] id="jump-claim"
# ## 8 · When a kink does throw a run out
#
# *How often a kink throws a run out of the Euclidean ball, and whether it helps to round the kink off.*
#
# **Claim.** The paper quotes that the subgradient method is not a descent method. Where do kinks show? In the last
# setting of idea 2 the runs come close to the minimum, which is on a kink, and there the loss of every ReLU run rises
# at some step. And idea 7 vouches for the Euclidean ball only where $f(\beta)-f^*>\tfrac\eta2\|g\|^2$.
#
# Take $n=20$, $p=5$ and 100 seeds. Count the runs whose $\|\beta\|_2$ exceeds its start before the loss has ever
# risen. The learning rate is $\eta=c/L$, where $L$ is the curvature *between* the kinks.

# %% id="jump-predict"
votes.ask("convergence.jump")

# %% id="jump-reveal"
cs = [0.5, 1.0, 1.5, 1.9]
rows = ((0.0, 0.0), (0.2, 0.0), (1.0, 0.0), (5.0, 0.0), (1.0, 1e-4), (1.0, 1e-3), (1.0, 1e-2), (1.0, 0.1))
exits, steep = problems.ball_exits(cs, *np.transpose(rows))  # strengths of y, and widths on which kinks are rounded
with reveal("What happens"):
    print("‖β‖₂ exceeds its start before the loss rises, runs of 100   c =", *(f"{c:5g}" for c in cs))
    for (strength, width), row in zip(rows, exits, strict=True):
        kind = "no kinks" if strength == 0 else f"rounded, width {width:g}" if width else "kinks"
        print(f"|y| up to {strength:<3g} {kind:49s}", *(f"{count:5d}" for count in row))
    print("η times the curvature of the rounded loss at 0, median:")
    for (_, width), row in zip(rows[4:], steep[4:], strict=True):
        print(f"              width {width:<43g}", *(f"{value:5.0f}" for value in row))

# %% [markdown] id="jump-why"
# **Why.** At the kink of sample $i$ the slope jumps by $2|y_i|x_i$, so one step changes by $2\eta|y_i|\|x_i\|$ from one
# side to the other. Only where that is large against the distance to the minimum can a step land farther out than it
# started. That is the condition $f-f^*\le\tfrac\eta2\|g\|^2$ again. From starts of size 1 it takes $\eta$ of order
# $1/L$, or large $|y|$.
#
# The width on which the kink is rounded does not enter while it is below a step. At $c=0.5$ and width $10^{-4}$,
# $\eta$ times the curvature of the rounded loss at 0 is 607, and one run of 100 leaves. At $c=1.9$ and width $10^{-2}$
# it is 24, and half of them leave. From a width of about a step on the count changes, because softplus has moved the
# minimum.

# %% [markdown] id="jump-verdict"
# **Verdict.** Kinks can throw a run out of the Euclidean ball: at $c=1.9$ in 53 of 100 runs, without kinks in none.
# Rounded off on less than a step they do the same. So what counts is the jump of a step against the distance to the
# minimum, neither differentiability nor how sharp the bend is. *Not shown:* other step sizes than constant ones.

# %% [markdown] id="dimension-claim"
# ## 9 · Where the dimension comes in
#
# *On $\|\beta\|_\infty$ the slope of the step count depends on the dimension; smoothing the norm changes no count.*
#
# **Claim.** In the plane NGDM may need $1/(2\varepsilon^2)$ steps, by idea 3. Another example is
# $f(\beta)=\|\beta\|_\infty$ in $p$ dimensions, from $(1,\dots,1)/\sqrt p$, so that $G=R=1$, with $\eta=\varepsilon$.

# %% id="dimension-predict"
votes.ask("convergence.dimension")

# %% [markdown] id="dimension-play-note"
# **Play.** Where several entries are largest, a convention decides. `x.abs().max(dim=-1)` follows the first of them,
# `x.abs().amax(dim=-1)` shares the slope. Ties share the slope here. The *smoothed* norm is
# $\min_u\|u\|_\infty+\|u-\beta\|_2^2/(2\delta)$ with $\delta=\varepsilon$.
#
# *Questions.* (i) For $\varepsilon=0.05$ find the dimension that needs the most steps. What happens beyond? (ii) Read
# off the slope at the end in dimensions 1, 25 and 400. (iii) Switch to the smoothed norm: which of the dots move?

# %% id="dimension-play"
rates = explorers.rates()
rates


# %% id="dimension-reveal"
def steps_needed(p, eps):
    sizes = trajectories.run(MaxNorm(), np.full(p, p**-0.5), eps, theory.max_norm_steps(p, eps) + 1).values
    return int(problems.steps_to(sizes, eps))


lists = {"p = 1": (0.02, 0.01, 0.005, 0.0025), "p = 100": (0.02, 0.01, 0.005, 0.0025)}
lists["p = 1/(4ε²)"] = (0.1, 0.05, 0.025, 0.0125)
by_dimension = {}
for name, accuracies in lists.items():
    dims = [round(1 / (4 * e**2)) if "ε" in name else int(name.rpartition(" ")[2]) for e in accuracies]
    by_dimension[name] = accuracies, [steps_needed(p, e) for p, e in zip(dims, accuracies, strict=True)]
with reveal("What happens"):
    for name, (accuracies, steps) in by_dimension.items():
        print(f"{name:12s} steps {steps}   slope {problems.slope(accuracies, steps):.2f}")
    for p, eps in ((100, 0.05), (400, 0.025), (1600, 0.0125)):
        smooth = trajectories.run(SmoothMaxNorm(eps), np.full(p, p**-0.5), eps, p + 1).iterates
        needed, law = problems.steps_to(np.abs(smooth).max(axis=-1), eps), theory.max_norm_steps(p, eps)
        print(f"p = {p:4d}, ε = {eps:6g}: NGDM {law:4d} by the law, GD on the smoothed norm {needed:4d}")

# %% [markdown] id="dimension-why"
# **Why.** A step of length $\varepsilon$ lowers one entry by $\varepsilon$. Each of the $p$ entries has to come down
# from $1/\sqrt p$ to $\varepsilon$, which makes $p\lceil1/(\varepsilon\sqrt p)-1\rceil$ steps. If ties share the
# slope, all entries come down together, and the rounding up is done once:
#
# $$N=\Bigl\lceil\tfrac{\sqrt p}{\varepsilon}-p\Bigr\rceil
# \;\le\;\Bigl\lceil\tfrac1{4\varepsilon^2}\Bigr\rceil,\qquad\text{with equality at } p=\tfrac{1}{4\varepsilon^2}.$$
#
# If the first entry moves, the inner rounding can add up to $p$ steps. Just below $p=1/\varepsilon^2$ it takes $N=p$,
# nearly the bound $G^2R^2/\varepsilon^2$ itself. In a fixed dimension this example has slope $-1$, and slope $-2$ only
# if the dimension grows as $\varepsilon$ falls. NGDM has worse functions, those of idea 3. A growing dimension is
# needed for the bound that no method of first order can beat (Nemirovski and Yudin 1983): in the plane, cutting planes
# need about $\log(1/\varepsilon)$ steps.
#
# *Smoothing does not help by itself.* With $\delta=\varepsilon$ the smoothed loss has $L=G^2/\varepsilon$. Its bound
# $LR^2/(2\varepsilon)=G^2R^2/(2\varepsilon^2)$ is of order $1/\varepsilon^2$ again. For a single residual outside
# $|r|\le\delta$ a gradient step of $\eta=1/L$ *is* the NGDM step.

# %% id="dimension-by-hand"
for eps in (0.02, 0.01, 0.005, 0.0025):
    beta, steps = np.full(100, 0.1), 0
    while beta.max() > eps * (1 + 1e-9):
        beta[np.argmax(beta)] -= eps  # the slope is 1 at the largest entry (here all are > 0), else 0
        steps += 1
    print(f"p = 100, ε = {eps:6g}   {steps:5d} steps   bound G²R²/ε² = {1 / eps**2:8.0f}")

# %% [markdown] id="dimension-verdict"
# **Verdict.** On $\|\beta\|_\infty$ the order is $1/\varepsilon$ in every fixed dimension, and $1/\varepsilon^2$ along
# $p=1/(4\varepsilon^2)$. The smoothed norm needs the same counts. *Not shown:* that other losses with kinks behave
# like this one.
#
# <details><summary>Key to the questions</summary>
#
# (i) $p=100=1/(4\varepsilon^2)$, with 100 steps. Beyond, fewer (196: 84), and none at $p=400=1/\varepsilon^2$, where
# the start is within $\varepsilon$. (ii) −1.02, −1.10 and −1.58. The last is on its way to −1: $\sqrt p/\varepsilon$
# does not yet dominate $p$. (iii) None. Both methods need the same number of steps in every dimension and for every
# $\varepsilon$ on the sliders.
#
# </details>

# %% [markdown] id="secant-claim"
# ## 10 · $L$ near a minimum
#
# *Secant slopes across a kink grow like 1/distance. At a minimum that fits the data they stay bounded, kink or not.*
#
# **Claim.** With kinks (5) fails, and the paper says that it cannot be saved near a minimum either.

# %% id="secant-predict"
votes.ask("convergence.secant")

# %% id="secant-measure"
X, y, start = (drawn[0] for drawn in problems.random_problems(20, 5, 0.0, seeds=[0]))
normal = X[0] / np.linalg.norm(X[0])
point = start - (start @ normal) * normal  # on the kink of the first sample
distances = np.geomspace(1e-8, 1, 81)
ends = point + np.stack([distances, -distances])[..., None] / 2 * normal
across = {
    "(3), y < 0": (ReLURegression(X, y), figures.NGDM),
    "rounded, width 10⁻³": (NeuronRegression(X, y, width=1e-3), {"color": figures.PURPLE}),
    "smooth twin, y = 0": (ReLURegression(X, 0 * y), figures.SMOOTH),
}
secants = {}
for name, (loss, _) in across.items():
    gap = np.diff(loss.subgradient(ends), axis=0)[0]
    secants[name] = np.linalg.norm(gap, axis=-1) / distances

# %% id="secant-reveal"
figure, ax = figures.new(size=(9, 4.2))
for name, (_, style) in across.items():
    ax.loglog(distances, secants[name], **style, label=name)
jump = 2 * abs(y[0]) * np.linalg.norm(X[0])
ax.loglog(distances, jump / distances, **figures.THEORY, label="2|y₁|·‖x₁‖ / distance")
ax.set(xlabel="distance of two points across a kink", ylabel="‖∇f(β) − ∇f(β′)‖ / ‖β − β′‖", xlim=(1e-8, 1))
figures.legend(ax, loc="upper right")
alt = (
    "Secant slopes against distance on logarithmic scales: a falling line for (3) that lies on the dashed law up to "
    "distances of about a thousandth and then levels off at the twin's; the rounded loss follows it and levels off at "
    "small distances too; the twin is flat."
)
caption = "Across a kink the secant slope grows like 1/distance; rounded off, it stops at a large L; the twin is flat."
picture = figures.show(figure, caption, alt=alt)
with reveal("What happens"):
    display(picture)

# %% [markdown] id="secant-why"
# **Why.** Laurent and von Brecht's theorem is about the **hinge loss**, $\max(0,1-y_i\hat y_i)$ with
# $y_i=\pm1$ and the output $\hat y_i$ of the network. There all local minima are non-differentiable,
# save those in flat regions.
#
# For squared error let $r_i=\hat y_i-y_i$ be the residual. Then $\nabla f=\tfrac2n\sum_ir_i\nabla\hat y_i$. Where the
# network fits its data, all $r_i$ are 0, and the $\nabla\hat y_i$ are bounded nearby. So $f$ *is* differentiable there,
# and its gradient grows at most linearly with the distance to $\beta^*$, even if the network itself has a kink at
# $\beta^*$. The gradient still jumps across kinks around $\beta^*$, but by an amount proportional to $r_i$, which fades
# towards $\beta^*$.

# %% id="secant-by-hand"
delta = 1e-3
for d in (1.0, 1e-1, 1e-2, 1e-3, 1e-4):
    kink = np.sign(d / 2) - np.sign(-d / 2)
    rounded = np.clip(d / 2 / delta, -1, 1) - np.clip(-d / 2 / delta, -1, 1)
    print(f"distance {d:6g}   secant slope of |β|: {kink / d:8.0f}   rounded: {rounded / d:8.0f}")

# %% id="secant-theory"
gradient, minimum = problems.interpolating_network()  # fits its data; six hidden units are on their kink at β*
regression = ReLURegression(X, y, lam2=0.1)  # (3): its minimiser is 0, where it does not fit y
print("distance from    secant slope to the minimiser        jump across a kink of the network")
print("the minimiser    (3)             network, MSE         at that distance")
for d in (1e-1, 1e-2, 1e-4, 1e-6):
    steepness = [problems.secants(g, at, d) for g, at in ((regression.subgradient, np.zeros(5)), (gradient, minimum))]
    beside = np.tile(minimum + d / np.sqrt(minimum.size), (2, 1))
    beside[:, 0] = [-1e-12, 1e-12]  # the first weight is the input of the first unit on the first sample
    leap = np.linalg.norm(np.diff(gradient(beside), axis=0))
    print(f"{d:8g}         {steepness[0]:10.1f}      {steepness[1]:10.1f}           {leap:10.1e}")

# %% [markdown] id="secant-verdict"
# **Verdict.** That (5) fails at a kink **holds**: secant slopes grow like 1/distance. At a minimum that fits the data
# squared error is differentiable, and its gradient grows at most linearly from there. *Not shown:* that such minima
# are reached, or that (5) holds between *any* two points around them. It does not.

# %% [markdown] id="depth-claim"
# ## 11 · Figure 2: depth and activation
#
# *The case study behind idea 6: eight activations, three depths, 24 settings, on digits and on CIFAR-10.*
#
# **Claim.** *Figure 2* trains VGG networks of three depths twice, with ReLU and with the smooth GELU of similar shape.
# The gap in convergence speed widens with depth. *Appendix A* gives the architecture: kuangliu's VGG with average for
# max pools, without batch normalisation, and with fewer channels. The other settings are our choice: data, optimiser,
# learning rate, initialisation, three seeds.
#
# A bridge joins the two activations: $z\,\Phi(sz)$ with the normal distribution function $\Phi$ and the *steepness*
# $s$. It is GELU for $s=1$, analytic for every $s$, and ReLU for $s\to\infty$.

# %% id="depth-predict"
votes.ask("convergence.depth")

# %% [markdown] id="depth-play-note"
# **Play** with recorded runs (`ngdm record depth`): three depths, eight activations, three learning rates for each of
# three ways to start and step. *leaky* is $\max(z,z/2)$ with half of ReLU's kink; $|z|$ has a kink twice as large as
# ReLU's. *Variance-preserving* weights are scaled, layer by layer, until the outputs have mean square 1 on some images.
#
# What is above $\log10=2.30$, the loss of guessing, counts as 2.30 in the mean loss. An activation *leads* if its mean
# loss is lower by more than 0.01. Most runs are short: 100 to 600 steps with batches of 8. Eight settings were run
# longer, for ReLU, $s=100$ and GELU: 3000 steps on digits, one pass through the 50 000 images of CIFAR-10.
#
# *Questions*, after the goal (i) below the slider. (ii) Move $s$ from 1 to ∞. Where does smoothness end? (iii) Find a
# setting in which nothing learns. (iv) On the right, on VGG11: which kinked activation is ahead of GELU, and in how
# many settings?

# %% id="depth-play"
depths = explorers.recorded_depth()
depths

# %% [markdown] id="gain-play-note"
# Now let the networks start from smaller weights, all by the same factor. *Question.* Find a depth and a gain at which
# ReLU leads for all three seeds. Does GELU learn there?

# %% id="gain-play"
gains = explorers.recorded_gain()
gains

# %% id="depth-reveal"
figure, panels = figures.new(2, size=(10, 3.8))
looks = {"relu": figures.NGDM, "bridge-100": {"color": figures.PURPLE, "linestyle": "--"}, "gelu": figures.SMOOTH}
longest = {(source, name): recorded.longest_means(source, name) for source in recorded.LONGEST for name in looks}
for ax, (source, steps) in zip(panels, recorded.LONGEST.items(), strict=True):
    for (name, style), label in zip(looks.items(), ("ReLU", "s = 100", "GELU"), strict=True):
        means = longest[source, name]
        ax.plot((0, 1, 2), np.median(means, axis=1), marker="o", **style, label=label)
        ax.fill_between((0, 1, 2), means.min(axis=1), means.max(axis=1), color=style["color"], alpha=0.12, linewidth=0)
    ax.set_xticks((0, 1, 2), ("VGG11", "VGG13", "VGG19"))
    ax.set(title=f"{source}, {steps} steps", ylabel="mean loss of the run", xlim=(-0.1, 2.1), ylim=(0, None))
    figures.legend(ax, loc="lower right")
caption = "At η = 0.01 the lead of GELU widens with depth, over ReLU and over its analytic double alike (medians)."
alt = "Mean loss at depths 11, 13, 19, three curves on digits and three on CIFAR-10; ReLU and s = 100 lie together."
picture = figures.show(figure, caption, alt=alt)
with reveal("What happens"):
    for (source, name), means in longest.items():
        medians = " / ".join(f"{mean:.2f}" for mean in np.median(means, axis=1))
        print(f"{source:8s}{name:11s} mean loss at depths 11 / 13 / 19: {medians}")
    display(picture)

# %% id="depth-longest-table"
learning = recorded.learning_settings()
grid = sorted({(source, init, optimizer, lr) for source, init, optimizer, gain, lr, _ in learning if gain == 1})
everywhere = [recorded.median_losses(source, depth, *setup) for source, *setup in grid for depth in (11, 13, 19)]
nearer = {}  # s: in how many of these it is nearer to ReLU than to GELU
unlike = [at for at in everywhere if abs(at["relu"] - at["gelu"]) > recorded.APART]
long = recorded.long_settings()  # those with 3000 steps on digits, 6250 on CIFAR-10
leaky = " / ".join(f"{mean:.2f}" for mean in np.median(recorded.longest_means("digits", "leaky"), axis=1))
print(f"digits, leaky: {leaky}; at VGG19 η = 0.01 is too large for it")
stuck = int((longest["cifar10", "bridge-100"][-1] > 2.29).sum())
print(f"CIFAR-10, VGG19, s = 100: {stuck} of 3 seeds never left guessing")
near, total = recorded.nearer_to_relu(long)
print(f"all {len(long)} settings with long runs, where ReLU and GELU are more than 0.05 apart:", end=" ")
print(f"s = 100 is nearer to ReLU in {near} of {total} places")
for s in (3, 10, 100):
    nearer[s] = sum(abs(at[f"bridge-{s}"] - at["relu"]) < abs(at[f"bridge-{s}"] - at["gelu"]) for at in unlike)
    print(f"the {len(grid)} settings with all eight activations: s = {s:3d} is nearer in {nearer[s]} of {len(unlike)}")
print(f"|z·Φ(100z) − max(z, 0)| is at most {theory.bridge_gap(100):.4f}")

# %% [markdown] id="depth-by-hand-note"
# **By hand.** One network, five steps.

# %% id="depth-by-hand"
# Needs PyTorch: five steps of training VGG11, and the layers of the three networks
import torch  # loads torch: only from here on is it needed

from ngdm_helpers import data, networks

images, digits = data.images("digits")  # 1437 digits, 32 × 32 pixels in three equal channels, in [−1, 1]
model = networks.vgg(11, "gelu", init="variance-preserving", images=images)
updates = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for k, batch in enumerate(networks.minibatches(len(images), 8, steps=5)):
    loss = torch.nn.functional.cross_entropy(model(images[batch]), digits[batch])
    updates.zero_grad()
    loss.backward()  # at a kink: autograd's convention
    updates.step()
    print(f"step {k}   loss {loss:.3f}")
for depth in networks.VGG:
    layers = [layer for layer in networks.vgg(depth) if hasattr(layer, "weight")]
    print(f"VGG{depth}: {len(layers) - 1} convolutions, then {layers[-1]}")

# %% [markdown] id="depth-live-note"
# The paper's experiment in miniature: VGG11 and VGG13, two seeds each.

# %% id="depth-live"
# Needs PyTorch: the training of VGG11 and VGG13 with ReLU and with GELU
live_losses = {}
for depth in (11, 13):
    for name in ("relu", "gelu"):
        models = [networks.vgg(depth, name, "variance-preserving", seed=seed, images=images) for seed in (0, 1)]
        trained = networks.train(models, images, digits, lr=0.01, steps=300, batch=8)  # SGD, momentum 0.9
        live_losses[depth, name] = trained.losses
        means = ", ".join(f"{mean:.2f}" for mean in recorded.mean_loss(trained.losses))
        print(f"VGG{depth} {name}: mean loss of the two runs {means}")

# %% id="depth-live-picture"
# Needs PyTorch: the training losses of these networks
figure, panels = figures.new(2, size=(10, 3.8), sharey=True)
for ax, depth in zip(panels, (11, 13), strict=True):
    for name, label, style in (("relu", "ReLU", figures.NGDM), ("gelu", "GELU", figures.SMOOTH)):
        curves = live_losses[depth, name].reshape(2, -1, 12).mean(axis=2)  # of 12 steps each
        k = 12 * np.arange(1, curves.shape[1] + 1)
        mean = recorded.mean_loss(live_losses[depth, name]).mean()
        ax.fill_between(k, curves.min(axis=0), curves.max(axis=0), color=style["color"], alpha=0.2, linewidth=0)
        ax.plot(k, np.median(curves, axis=0), **style, label=f"{label}, mean {mean:.2f}")
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

# %% [markdown] id="depth-trend-note"
# **Does the gap widen?** All 24 settings in which ReLU or GELU learns at depth 11.

# %% id="depth-trend-table"
settings = recorded.learning_settings()
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
gelu_leads, relu_leads = (sum((sign * gap > 0.01).all(axis=1) for gap in gaps.values()) for sign in (1, -1))
print(f"of all, at depths 11, 13, 19: GELU leads for all seeds in {gelu_leads}, ReLU in {relu_leads}")
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

# %% [markdown] id="depth-why"
# **Why.** GELU and ReLU differ in more than a kink. Let $\xi$ be standard normal.
#
# *Share of the mean.* After one wide random layer, two inputs with nothing in common have the correlation
# $\kappa=\mathbb E[\varphi(\xi)]^2/\mathbb E[\varphi(\xi)^2]$ (Poole et al. 2016), since the constant part of
# $\varphi$ is the same for all images. $\kappa$ is 0 for tanh, $1/\pi$ for ReLU, $2/\pi$ for $|z|$. GELU's is smaller
# than ReLU's. Kinks do not enter.
#
# *Depth.* Layer upon layer the correlation of two images follows a map, whose fixed point tells the activations apart
# (Poole et al. 2016; Schoenholz et al. 2017). For ReLU and $|z|$ it is 1, for $s=100$ nearly 1: all images come to look
# alike. For GELU it is 0.76, for tanh 0. In wide layers the slope $\chi$ of the map at 1 is by how much the mean square
# of the gradient grows a layer on its way back: 1 for ReLU, 1.072 for GELU. Over 16 layers that makes the mean square
# of GELU's gradient three times as large. One learning rate for both is therefore not one step for both.
#
# *Size of the signal.* ReLU passes on half of the mean square of its input, whatever the scale. GELU is nearly $z/2$
# for small $z$, and passes on a quarter. Weights that start too small silence GELU first, and the more so the deeper.

# %% id="depth-theory"
# Needs PyTorch: the picture in which κ sorts eight activations by their mean loss
from ngdm_helpers.course import probes

kinks = {"tanh": 0, "leaky": 0.5, "gelu": 0, "bridge-3": 0, "bridge-10": 0, "bridge-100": 0, "relu": 1, "abs": 2}
mean_shares = np.array([probes.mean_share(name) for name in kinks])
with_kink, sorting = np.array(list(kinks.values())) > 0, []
labels = (("tanh", 0, 9), ("leaky", 1, 9), ("GELU", 2, 9), ("s = 3", 3, -20), ("ReLU, s = 100", 6, 9), ("|z|", 7, 9))
figure, panels = figures.new(2, size=(10, 4), sharey=True)
for ax, title, setup in (
    (panels[0], "variance-preserving, SGD", ("variance-preserving", "sgd", 0.003)),
    (panels[1], "torch's default, Adam", ("default", "adam", 0.001)),
):
    means = np.array([recorded.median_losses("digits", 11, *setup)[name] for name in kinks])
    sorting.append(np.corrcoef(mean_shares.argsort().argsort(), means.argsort().argsort())[0, 1])
    ax.plot(mean_shares[~with_kink], means[~with_kink], "o", color=figures.SKY, label="smooth")
    ax.plot(mean_shares[with_kink], means[with_kink], "s", color=figures.VERMILLION, label="with a kink")
    for text, at, side in labels:
        ax.annotate(text, (mean_shares[at], means[at]), (0, side), textcoords="offset points", ha="center")
    ax.set(xlabel="κ, share of the mean", title=f"{title}: rank correlation {sorting[-1]:.2f}", ylim=(0, 2.8))
panels[0].set_ylabel("mean loss, VGG11 on digits")
figures.legend(panels[0], loc="lower right")
alt = "Mean loss of VGG11 against κ for eight activations: it rises from tanh over leaky, GELU and ReLU to |z|."
figures.show(figure, "In these two settings κ sorts the activations, and the kink does not.", alt=alt)

# %% id="depth-sorting"
# Needs PyTorch: the rank correlations of κ and the mean loss in all settings
for depth in (11, 13, 19):
    ranks = []
    for source, init, optimizer, lr in grid:
        means = np.array([recorded.median_losses(source, depth, init, optimizer, lr)[name] for name in kinks])
        ranks.append(np.corrcoef(mean_shares.argsort().argsort(), means.argsort().argsort())[0, 1])
    above = sum(np.array(ranks) > 0.8)
    print(f"VGG{depth}: rank correlation above 0.8 in {above} of {len(grid)} settings, median {np.median(ranks):.2f}")

# %% id="depth-correlation"
print("16 wide random layers, two inputs of correlation 0.6")
for name, (after, fixed, chi, grown) in problems.deep_correlations().items():
    print(f"{name:11s} correlation after them {after:.2f}, fixed point {fixed:.2f}, χ {chi:.3f}, χ¹⁶ {grown:4.1f}")

# %% id="depth-start"
# Needs PyTorch: how alike outputs are, and how large gradients, before training
for name in ("relu", "bridge-100", "gelu"):
    alike, norm, first_layer = probes.at_the_start(19, name, images, digits)
    print(f"VGG19 {name:11s} cosine of two outputs {alike:.2f}", end="   ")
    print(f"gradient {norm:.1f}, in the first layer {first_layer:.2f} of its weights")

# %% id="depth-tuned"
for setup in (("variance-preserving", "sgd"), ("default", "adam")):
    for name in ("relu", "bridge-100", "gelu"):
        tuned_to, best = recorded.tuned_means("digits", *setup, 3000, name)
        medians = " / ".join(f"{mean:.2f}" for mean in np.median(tuned_to, axis=1))
        print(f"{recorded.SETUPS[setup]:26s}{name:11s} tuned mean loss {medians}   at η = {best}")

# %% [markdown] id="depth-kinks-note"
# *“Depth adds non-smoothness.”* Count the ReLUs of an image that change sides in a step.

# %% id="depth-kinks"
# Needs PyTorch: how many kinks a step of SGD crosses, by depth
crossed = {}
for depth in (11, 13, 19):
    count, sides = probes.kinks_crossed(depth, images, digits, steps=3)
    crossed[depth] = count * sides.mean()
    print(
        f"VGG{depth}: of {count} ReLUs {100 * sides.mean():.1f} % change sides in a step, {crossed[depth]:.0f} in all"
    )

# %% id="depth-signal"
# Needs PyTorch: how much of the signal ReLU and GELU pass on
for scale in (1.0, 0.1):
    passed = [1 / networks.activation_gain(name, scale) ** 2 for name in ("relu", "gelu")]
    print(f"inputs of size {scale:3g}: of the mean square ReLU passes {passed[0]:.3f}, GELU {passed[1]:.3f}")
for gain in (1.0, 0.6):
    begun = [networks.vgg(19, name, "variance-preserving", gain, images=images) for name in ("relu", "gelu")]
    squares = [probes.mean_squares(network, images[:256])[-1] for network in begun]
    print(f"VGG19, weights × {gain:g}: mean square of the outputs, ReLU {squares[0]:.1e}, GELU {squares[1]:.1e}")

# %% [markdown] id="depth-verdict"
# **Verdict: imprecise.** Whether the gap widens depends on the learning rate.
#
# * With SGD at $\eta=0.01$, in the long runs, GELU leads for every seed and by more at every depth, as the paper says.
# * At $\eta=0.003$ both train VGG19, and at that depth ReLU is not behind.
# * At larger rates ReLU is the first to stop learning as depth grows: on VGG19 with Adam's 0.001, on VGG13 with SGD's
#   0.03. GELU, it seems, tolerates larger steps in deep networks.
# * With the rate tuned for each activation and depth, GELU's lead is gone at VGG19: with SGD ReLU is ahead for all
#   three seeds, by 0.01 to 0.07; with Adam the seeds disagree. Three rates were tried, and at VGG19 the best is mostly
#   the smallest.
# * A step crosses more kinks in deeper networks, at the start of training. That this slows them does not follow:
#   $s=100$ has no kink and goes with ReLU.
# * Of the 16 short settings only 4 leave the plateau at VGG19 with either activation. In none of these does the lead
#   widen.
#
# **Differentiability is not its cause.** Wherever the two are apart in the long runs, the analytic $z\,\Phi(100z)$ is
# on ReLU's side. In medians it learns where ReLU learns and is stuck where ReLU is. Single seeds differ: one seed of
# $s=100$ never left guessing. Whether a small *curvature* helps, the bridge cannot say, since $s$ changes curvature
# (0.8 for GELU, 80 for $s=100$) and shape together. A kink at least does not decide: *leaky*, which has one, is ahead
# of GELU in the two settings drawn last, and behind in the longest runs on digits.
#
# *Not shown:* which property of the shape it is. We looked for one that sorts the eight activations after we had seen
# the order, found $\kappa$, and drew the two settings in which it does best. At VGG19 few networks learn, and the ranks
# are mostly noise. Nor do these runs speak for full training: the longest are one pass through CIFAR-10, with three
# seeds. From torch's default initialisation SGD moved no network within 100 steps, nor ReLU or GELU on VGG11 within
# 2000. The appendix's three changes force a fourth, Linear(64, 10) (row C7). The paper also cites figures of Hendrycks
# and Gimpel (2016), who introduced GELU: **not checkable** here, and their comparison too is one of shapes (row C6).
#
# <details><summary>Key to the goals and questions</summary>
#
# (i) VGG19, variance-preserving SGD at low $\eta$: on digits by 0.52 to 0.65, on CIFAR-10 by 0.03 to 0.05. (ii) Only at
# ∞: every finite $s$ is analytic. The curve is near ReLU's long before: in most settings from $s=10$ on. In the setting
# shown first the median mean loss is 0.96 for GELU, 1.22, 1.15 and 1.30 for $s=3,10,100$, and 1.19 for ReLU. (iii)
# Torch's default with SGD, all of it: no mean loss below 2.29. (iv) *leaky*, on VGG11 in 8 of the 12 settings in which
# something learns; $|z|$ in none. *Gain:* VGG11 with gain 0.6: ReLU leads by 0.09 to 0.10; with gain 0.8 GELU leads, by
# 0.05 to 0.19. VGG19 with gain 0.8: ReLU leads by 0.09 to 0.41. In both GELU has not left guessing after 300 steps.
#
# </details>

# %% [markdown] id="forward-claim"
# ## 12 · The way forward
#
# *“Smooth or not” is the wrong question. Which assumption holds for networks with kinks, and what follows from it?*
#
# **Claim.** The paper closes Section 2 on a hopeful note. Recent models are transformers (Vaswani et al. 2017) with
# the differentiable GELU, so future networks may run pure gradient descent. It counts $L$-smoothness among the
# strongest assumptions, and asks the community to agree on assumptions that describe these systems.

# %% id="forward-predict"
votes.ask("convergence.forward")

# %% [markdown] id="forward-play-note"
# **Play.** $\Phi$ is the normal distribution function. $z\,\Phi(sz)$ is GELU for the steepness $s=1$, analytic for
# every $s$, and ReLU in the limit $s\to\infty$.
#
# *Questions.* (i) Find the $s$ whose curvature is 100 times GELU's. How far from ReLU is it? (ii) At which $s$ does
# the picture on the left stop changing for your eyes? (iii) The two are farthest apart at $z=-0.75/s$ and its mirror
# image. By how much *in proportion* to $z$, and does a larger $s$ change that?

# %% id="forward-play"
bridge = explorers.activation_bridge()
bridge

# %% id="forward-reveal"
down = NeuronRegression([[1.0]], [1.0])  # (1 − max(β, 0))²: a unit that should be larger
up = ReLURegression([[1.0]], [-1.0])  # (1 + max(β, 0))²: the paper's sign of y
with reveal("What happens"):
    print("second difference at the kink, (f(d) + f(−d) − 2f(0))/d²")
    for d in (1e-1, 1e-2, 1e-3, 1e-4):
        bends = [float(f.value([d]) + f.value([-d]) - 2 * f.value([0.0])) / d**2 for f in (down, up)]
        print(f"d = {d:6g}     y > 0: {bends[0]:10.0f}     y < 0: {bends[1]:10.0f}")
    print("no μ repairs the first: f + μβ²/2 adds only μ")
    ends = problems.inflection_ends()
    print("|β₁| + β₂³/3 + β₂⁴/4 from 1000 starts with β₂ > 0, diminishing steps:", end=" ")
    print(f"all end within {np.abs(ends).max():.3f} of (0, 0), where f = 0; f(0, −1) = {-1 / 3 + 1 / 4:.3f}")

# %% [markdown] id="forward-why"
# **Why.** Four assumptions, and what each gives:
#
# * **$L$-smooth, (5).** Not with kinks, and for deep smooth networks not globally either. It would give rates.
# * **Weakly convex:** $f+\tfrac\mu2\|\cdot\|^2$ is convex for some $\mu$. In general no: a kink may bend downwards, as
#   that of $-|\beta|$. It would give rates for a smoothed measure of stationarity (Davis and Drusvyatskiy 2019).
# * **Tame**, say, built in finitely many steps from +, ×, max, exp and log: **yes**, with the usual losses. Let
#   $\eta_k\to0$, $\sum\eta_k=\infty$, $\sum\eta_k^2<\infty$, and let the iterates stay bounded. Then every limit point
#   of the subgradient method is *Clarke-stationary*: 0 lies in the convex hull of the limits of gradients at nearby
#   points (Davis et al. 2020). The paper calls this “a local optimal solution”. That is **wrong**: the last lines above
#   show runs that end at a Clarke-stationary point which is no minimum.
# * **Autograd returns an element of a *conservative field***, a set-valued map along which the chain rule holds on
#   almost all of every curve: **yes**. It is the gradient almost everywhere, and the same kind of limit theorem holds
#   for what software computes (Bolte and Pauwels 2021).
#
# These limit theorems give no rate. Rates exist for a weaker target: a point within $\delta$ of which some convex
# combination of gradients has norm at most $\varepsilon$ (*Goldstein-stationarity*). Zhang et al. (2020) reach it in a
# number of steps that does not depend on the dimension, for ReLU networks too; Cutkosky et al. (2023) improve the order
# to $\delta^{-1}\varepsilon^{-3}$. These are other methods than plain NGDM.

# %% [markdown] id="forward-verdict"
# **Verdict.**
#
# * That the transformer of 2017 uses GELU is **wrong**: its feed-forward layer is $\max(0,xW_1+b_1)W_2+b_2$ (row P8,
#   notebook 1).
# * That $L$-smoothness is among the strongest assumptions is **imprecise** (row P10, notebook 1).
# * That the conditions of Davis et al. are “rarely satisfied in practice” is **imprecise**: the condition on the loss
#   nearly always holds. What may fail are the one on the steps, and that the iterates stay bounded (row C12).
# * The call for assumptions that fit **holds**, and some are at hand. They are not comparable with $L$-smoothness, but
#   networks with kinks satisfy them.
#
# <details><summary>Key to the questions</summary>
#
# (i) $s=100$ (curvature 79.8 against 0.798): at most 0.0017 from ReLU. (ii) At about 17, where the largest distance,
# $0.17/s$, is one pixel. (iii) By $\Phi(-0.75)=23\,\%$ of $|z|$ for every $s$: $z\,\Phi(sz)$ is GELU's graph at the
# scale $1/s$, so only the scale shrinks.
#
# </details>

# %% [markdown] id="symbols"
# ## Symbols
#
# | symbol | meaning |
# |:--|:--|
# | $\beta$, $\beta_0$, $\beta_k$; $\beta^*$ | weights, at the start, after $k$ steps; a minimum |
# | $\beta_1$, $\beta_2$ on an axis or in a loss of two weights | the two coordinates |
# | $f$, $f^*$, $g$ | loss, its least value, a subgradient |
# | $\eta$, $k$, $N$ | learning rate, step, number of steps |
# | $X$, $x_i$, $y$, $n$, $p$ | data, a row of it, responses, samples, weights (the dimension) |
# | $\lambda_1$, $\lambda_2$ | penalties in (3) |
# | $A$, $\rho$, $(-t,t)$, $S$, $m$ | a quadratic loss's matrix and correlation; a start; a sublevel set, its level |
# | $L$ | Lipschitz constant of $\nabla f$; of a loss with kinks the largest curvature between them |
# | $c=\eta L$ | learning rate in units of $1/L$ |
# | $G$ | Lipschitz constant of $f$ |
# | $R$, $\varepsilon$, $q$, $\tau$ | distance of the start from a minimum, accuracy, exponent, start in steps |
# | $d$, $J$, $\delta$ | distance of two points, jump of the slope, width on which a kink is rounded |
# | $z$, $\varphi$, $\Phi$, $s$ | input of a unit, activation, normal distribution function, steepness |
# | $a_j$, $w_j$, $b_j$, $b_0$ | weights of the small network of idea 5 |
# | $r$, $\hat y_i$ | residual, output of a network on sample $i$ |
# | $\xi$, $\kappa$, $\chi$ | standard normal variable, share of the mean, slope of the correlation map at 1 |
# | $\mu$ | constant of weak convexity |

# %% [markdown] id="ledger-note"
# ## The ledger
#
# The claims of this notebook, each measured when the cell runs. *Reconstructed* means that the paper's own settings
# are not known.

# %% id="ledger"
claims.ledger("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13")

# %% [markdown] id="tests"
# ## Tests
#
# What the notebook says, asserted.

# %% id="capture-check" tags=["check"]
capture.drive()
assert problems.is_monotone(lecture) and abs(np.abs(lecture.iterates).max() - 1.120) < 5e-4
assert (np.diff(np.linalg.norm(lecture.iterates, axis=-1)) < 0).all() and abs(far - 2) < 1e-3
assert abs(m - level) < 1e-4
starts = np.random.default_rng(1).uniform(-1, 1, (20_000, 2))
kept = trajectories.run(parabola, starts[parabola.value(starts) < level], 0.1, 100).iterates
assert kept.shape[1] > 1000 and np.abs(kept).max() < 1  # from S, no run leaves the cube
corners = np.array([[-1.0, 1.0], [1.0, 1.0]])
for rho in np.linspace(0, 0.95, 20):
    M = np.array([[1, rho * np.sqrt(5)], [rho * np.sqrt(5), 5]])
    out = np.abs(trajectories.run(Quadratic(M), corners, 0.1, 100).iterates).max() > 1 + 1e-12
    assert out == (not theory.diagonally_dominant(M))

# %% id="figure-check" tags=["check"]
figure_one.drive()
assert problems.is_monotone(twins).all() and np.allclose(size.max(axis=0), [1.1218, 1.126], atol=1e-3)
assert (np.diff(np.linalg.norm(twins.iterates, axis=-1), axis=0) < 0).all()  # the ball is kept
wide_exits, narrow_exits, centred_exits, tall_exits = shares.values()
assert (
    wide_exits.min() > 60
    and centred_exits.min() > 40
    and narrow_exits[:2].tolist() == [32, 22]
    and tall_exits.max() == 0
)
assert wide_exits[1] > 0.8 * wide_exits[0]  # no kinks, nearly as many exits
assert all((falling[name] == 100).all() for name in list(shares)[:3]) and falling["centred, 100 × 10"][0] < 10

# %% id="rates-check" tags=["check"]
zigzag.drive()
assert (counts["|β₁| + ε|β₂|"][1] == [50, 200, 800, 3200]).all()
assert -1.95 < problems.slope(*counts["|β₁| + β₂⁸/8"]) < -1.7
assert (counts["Huber, δ = 1/(2k + 1)"][1] == [3, 10, 30, 100, 300]).all()
assert abs(problems.slope(*counts["LAD"]) + 1.05) < 0.1
assert np.abs(both[0] - both[1]).max() <= 2 and counts["least squares"][1].max() < 30
for name, (relative, steps) in counts.items():
    bound = theory.smooth_steps_bound if name in list(counts)[:2] else theory.subgradient_steps_bound
    assert (steps <= np.ceil(bound(1, 1, np.asarray(relative)))).all(), name

# %% id="smoothness-check" tags=["check"]
smoothness.drive()
assert (np.diff(apart) > 0).all() and apart[-1] > 0.01 and apart[10] < 3e-5 and eta_L > 20 and apart[0] < 1e-12
assert family.smoothness[0] * 8e-5 > 2 > family.smoothness[-2] * 8e-5 and np.isinf(family.smoothness[-1])

# %% id="knots-check" tags=["check"]
knots.drive()
assert missed < 1e-8 and (on_samples > 0).sum() > 30 and (from_stationary < 0.01).sum() == 21
assert 0.1 / 50 < swing.min() < swing.max() < 0.1 / 30  # about η/40
assert min(corner[0], corner[2]) > corner[1] + 2e-6 and abs(corner[2] - 2 * corner[1] + corner[0]) > 1e-5

# %% id="trend-check" tags=["check"]
for name, (etas, one_rate, tuned) in leads.items():
    assert (np.diff(one_rate[1]) > 0).all() and one_rate[0, 2] < one_rate[0, 0]  # it widens at the middle rate only
    assert at_vgg19[name, etas[2]] > 2.25 > at_vgg19[name, etas[1]]  # log 10 = 2.30 is guessing
    assert tuned[2] < -0.01 and (tuned[:2] > 0.03).all()

# %% id="jump-check" tags=["check"]
assert (exits[0] == 0).all() and 40 < exits[2, -1] < 65 and exits[3, -1] > exits[2, -1]
assert np.abs(exits[4:7] - exits[2]).max() <= 3 and exits[7, 0] > 30  # rounded off below a step: as many
assert abs(steep[4, 0] - 607) < 1 and abs(steep[6, -1] - 24) < 1

# %% id="dimension-check" tags=["check"]
rates.drive()
assert by_dimension["p = 1/(4ε²)"][1] == [25, 100, 400, 1600]
assert abs(problems.slope(*by_dimension["p = 1/(4ε²)"]) + 2) < 1e-6
assert all(abs(problems.slope(*by_dimension[name]) + 1) < 0.1 for name in ("p = 1", "p = 100"))

# %% id="secant-check" tags=["check"]
sharp, rounded_off, twin = secants.values()
assert np.allclose((sharp * distances)[:30], jump, rtol=1e-3)  # 1/distance
assert twin.max() <= across["smooth twin, y = 0"][0].smoothness * (1 + 1e-9)
assert np.isclose(rounded_off[0], rounded_off[20], rtol=1e-3) and rounded_off[0] > 5 * twin.max()
for width in (1.0, 1e-2, 1e-4):
    two = np.array([[width / 2], [-width / 2]])
    assert np.isclose(np.ptp(SmoothMaxNorm(width).subgradient(two)) / width, 1 / width)  # attained

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
assert gelu_leads[0] > len(settings) / 2 and sum(learned[setting] for setting in short) == 4 and len(short) == 16
assert near > 0.9 * total > 9 and nearer[3] < 0.6 * len(unlike) and 0.75 * len(unlike) < nearer[10] < nearer[100]
assert (gaps["digits", "variance-preserving", "sgd", 1.0, 0.003, 300][2] < -0.5).all()  # ReLU leads
assert crossed[19] > 1.5 * crossed[11]
for depth, gain in ((0, 0.6), (2, 0.8)):
    assert (gaps["digits", "variance-preserving", "sgd", gain, 0.01, 300][depth] < -0.05).all()
for setup in (("variance-preserving", "sgd", 0.003), ("default", "adam", 0.001)):
    mean = recorded.median_losses("digits", 11, *setup)
    assert abs(mean["bridge-100"] - mean["relu"]) < (mean["relu"] - mean["gelu"]) / 2
    assert mean["tanh"] < mean["leaky"] < mean["gelu"] < mean["relu"] < mean["abs"]
assert min(sorting) > 0.9 and mean_shares[6] == max(mean_shares[:7])

# %% id="forward-check" tags=["check"]
bridge.drive()
assert bends[0] < -1e4 and bends[1] > 1e4 and np.abs(ends).max() < 0.05 and (ends[:, 1] > 0).all()

# %% [markdown] id="read-next"
# ## Read next
#
# * D. P. Bertsekas, *Nonlinear Programming*, Section 1.2: the capture theorem with its conditions.
# * C. Josz and L. Lai, *Lyapunov stability of the subgradient method with constant step size* (2022): capture with
#   kinks.
# * T. Laurent and J. von Brecht, *The multilinear structure of ReLU networks* (2018): which minima are kinks, and for
#   which loss.
# * Y. Drori and M. Teboulle, *Performance of first-order methods for smooth convex minimization* (2014): the exact
#   worst case, attained by Huber's function.
# * D. Davis, D. Drusvyatskiy, S. Kakade and J. D. Lee, *Stochastic subgradient method converges on tame functions*
#   (2020).
# * J. Bolte and E. Pauwels, *Conservative set valued fields, automatic differentiation, stochastic gradient methods
#   and deep learning* (2021): what autograd computes.
# * S. K. Kumar, *GD doesn't make the cut*, Section 2.
#
# Of Josz and Lai, of Davis et al., and of Zhang et al. (2020, *Complexity of finding stationary points of nonconvex
# nonsmooth functions*) we have read the abstracts only. Not read: Bertsekas; Cutkosky et al. (2023); Nemirovski and
# Yudin (1983); Poole et al. (2016) and Schoenholz et al. (2017), whose maps we computed ourselves.
