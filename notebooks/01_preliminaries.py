# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] id="title"
# # 1 · Preliminaries: gradient descent, and what runs when there is no gradient
#
# *NGDM* is the paper's name for gradient methods run on non-differentiable losses: follow whatever automatic
# differentiation returns. This notebook works through Section 1 of *GD doesn't make the cut* (Kumar, arXiv
# 2401.08426), and through what its Section 2 says in passing about step sizes, smoothness and transformers.
#
# **Afterwards you can**
#
# 1. tell from $\eta$ and $L$ whether gradient descent lands, and from $\eta$ how wide a band NGDM ends in;
# 2. say what automatic differentiation returns at a kink, and when that is a subgradient;
# 3. explain why the paper's loss (3) is convex, and where its minimiser sits;
# 4. choose the best constant step for a given number of steps, and say what it guarantees;
# 5. tell which step-size schedules must stop short, and why that has nothing to do with kinks;
# 6. say when the same run may differ between two libraries, and by how much.
#
# **Time:** 50 minutes of class. **Assumed:** derivatives, the chain rule, NumPy. No convex analysis.
#
# *Run all cells first (Run → Run All Cells). Every picture with sliders is live: drag, use the arrow keys, or click a
# mark.*

# %% id="imports"
import time

import numpy as np

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, NeuronRegression
from ngdm_helpers.course import claims, explorers, problems, recorded, votes
from ngdm_helpers.objectives import L1Norm, Quadratic, ReLURegression

# %% [markdown] id="recursions-claim"
# ## 1 · Two recursions
#
# **Claim.** On a differentiable loss, gradient descent is recursion (1). On one that is not, deep-learning software
# runs recursion (2), in which $\tilde\nabla f$ is the gradient where there is one and a convention elsewhere. The
# paper insists that the two behave differently, and adds that even (1), with a constant step, *rarely* reaches the
# stationary point it approaches, special cases excepted.
#
# $$\beta_{k+1}=\beta_k-\eta\,\nabla f(\beta_k)\quad(1)\qquad\qquad
# \beta_{k+1}=\beta_k-\eta\,\tilde\nabla f(\beta_k)\quad(2)$$

# %% id="recursions-predict" tags=["vote"]
votes.ask("preliminaries.recursions")

# %% id="recursions-by-hand"
eta, smooth, kinked = 0.1, 1.73, 1.73
for _ in range(80):
    smooth = smooth - eta * 2 * smooth  # (1) on x²
    kinked = kinked - eta * np.sign(kinked)  # (2) on |x|
print(f"x² ends at {smooth:.1e}\n|x| ends at {kinked:.3f}, one step later at {kinked - eta * np.sign(kinked):.3f}")

# %% id="recursions-picture"
figure, ax = figures.new(size=(9, 4))
for name, objective, style in (
    ("GD on x²", Quadratic([[2.0]]), figures.SMOOTH),  # ½·2·x²
    ("NGDM on |x|", L1Norm(1.0), figures.NGDM),
):
    run = trajectories.run(objective, [1.73], lr=0.1, steps=80)
    ax.semilogy(run.steps, np.abs(run.iterates[:, 0]), **style)
    ax.text(81, np.sqrt(np.prod(np.abs(run.iterates[-2:, 0]))), name, va="center", color=style["color"])
ax.set(xlim=(0, 80), ylim=(1e-9, 5), xlabel="step k", ylabel="|xₖ|")
figures.show(
    figure,
    "With the same constant step, gradient descent keeps approaching; NGDM ends up jumping between 0.03 and −0.07.",
    alt="Distance to the minimiser against the step on a logarithmic scale: a straight line down for x²; for |x| a "
    "fall to about 0.05 and then a zigzag.",
)

# %% [markdown] id="recursions-play-note"
# **Play.** The goals stand below the figure. *Question.* (iii) Huber's function is quadratic near 0 and straight
# outside. Push $\eta$ past 2 there: does it diverge?

# %% id="recursions-play"
recursions = explorers.two_recursions()
recursions

# %% [markdown] id="recursions-why"
# **Why.** On $x^2$ the step $\eta\cdot 2x$ shrinks with $x$: each update multiplies $x$ by $1-2\eta$. On $|x|$ the
# step has length $\eta$ however close 0 is, so $x$ ends up jumping between two points $\eta$ apart, on either side of
# 0. There is no threshold: every $\eta$ does that (unless an iterate hits 0 exactly: exercise 1), and only the width
# changes.
#
# Three words that these notebooks need. $f$ is *convex* if its graph nowhere rises above a chord; *$G$-Lipschitz* if
# $|f(x)-f(z)|\le G\|x-z\|$, so that no slope exceeds $G$; *$L$-smooth* if its gradient is $L$-Lipschitz, $\|\nabla
# f(x)-\nabla f(z)\|\le L\|x-z\|$, so that no curvature exceeds $L$. For $x^2$, $L=2$; $|x|$ is 1-Lipschitz and not
# $L$-smooth for any $L$. ($L$-smooth does not mean twice differentiable: Huber's function, quadratic near 0 and
# straight outside, is 1-smooth, and its second derivative jumps. Row P7 of the ledger measures that.) If $f$ is
# convex and $L$-smooth and has a minimiser, (1) converges for $\eta<2/L$.

# %% id="recursions-theory"
for lr in (0.1, 0.9, 1.0, 1.1):
    square = trajectories.run(Quadratic([[2.0]]), [1.73], lr, 80)
    absolute = problems.last_norms(trajectories.run(L1Norm(1.0), [1.73], lr, 80)).mean()
    end, law = abs(square.iterates[-1, 0]), 1.73 * abs(1 - 2 * lr) ** 80
    print(f"η = {lr:3.1f}   x²: |x₈₀| = {end:8.1e}, |1 − 2η|⁸⁰·x₀ = {law:8.1e}     |x|: last two, mean {absolute:.3f}")

# %% [markdown] id="recursions-verdict"
# **Verdict.** That (1) and (2) behave differently **holds**. That gradient descent with a constant step rarely
# converges is **wrong**: it converges whenever $f$ is convex and $L$-smooth, has a minimiser, and $\eta<2/L$;
# “rarely” is true only of arriving after *finitely many* steps. Convex and $L$-smooth is no rare special case: it is
# the standard one. It is NGDM that needs a shrinking step.

# %% id="recursions-ledger"
claims.ledger("P3")

# %% [markdown] id="recursions-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) At $\eta=2/L=1$, where $x$ jumps between $\pm1.73$; 0.978 lands, slowly, 1.02 diverges. (ii)
# $\eta=0.0218$, mean $\eta/2=0.0109$; below $1.73/80$ the 80 steps do not reach 0. (iii) No: outside
# $|x|\le\delta=\tfrac12$ the step has length $\eta/2$, and $x$ ends on two points $\eta/2$ apart (0.92 and −0.58 for
# $\eta=3$).
#
# </details>

# %% id="recursions-check" tags=["check"]
recursions.drive()
for lr in (1e-3, 0.1, 0.999):
    ends = trajectories.run(Quadratic([[2.0]]), [1.73], lr, 100_000, record_every=100_000).iterates
    assert abs(ends[-1, 0]) < 1e-12  # lands below 2/L = 1
    band = problems.last_norms(trajectories.run(L1Norm(1.0), [1.73], lr, 4000))
    assert np.isclose(band.mean(), lr / 2, rtol=1e-9)  # ends in the band, for every η

# %% [markdown] id="kinks-claim"
# ## 2 · What autograd returns at a kink
#
# **Claim.** For convex losses, the paper says, NGDM effectively implements the subgradient method. A *subgradient* of
# a convex $f$ at $x$ is any $g$ with $f(z)\ge f(x)+g\,(z-x)$ for all $z$. The set of them is the *subdifferential*;
# at a kink of a function of one variable it holds all slopes between the left and the right one.

# %% id="kinks-predict" tags=["vote"]
votes.ask("preliminaries.kinks")

# %% id="kinks-measure"
# Needs PyTorch: ten functions with a kink, and what autograd is asked
import torch  # four seconds: only from here on is it needed

nothing = torch.zeros(1)
functions = {  # name: (function, kink)
    "abs": (torch.abs, 0.0),
    "relu": (torch.relu, 0.0),
    "clamp(min=0)": (lambda x: torch.clamp(x, min=0), 0.0),
    "maximum(x, 0)": (lambda x: torch.maximum(x, nothing.to(x.dtype)), 0.0),
    "leaky_relu": (torch.nn.functional.leaky_relu, 0.0),
    "relu6": (torch.nn.functional.relu6, 6.0),
    "hardtanh": (torch.nn.functional.hardtanh, 1.0),
    "norm": (lambda x: torch.linalg.vector_norm(x[..., None], dim=-1), 0.0),
    "sqrt": (torch.sqrt, 0.0),
    "relu(x) − relu(−x)": (lambda x: torch.relu(x) - torch.relu(-x), 0.0),
}


def autograd(function, kink):
    """What torch returns as the derivative of ``function`` at ``kink``."""
    x = torch.tensor([kink], dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(function(x).sum(), x)[0].item()


# %% id="kinks-table"
# Needs PyTorch: what autograd returns at ten kinks, beside the slopes to the left and right
kinks = {}
print(f"{'function':20s} {'kink':>5s} {'left':>7s} {'right':>7s} {'autograd':>9s}   between left and right?")
for name, (function, kink) in functions.items():
    near = torch.tensor([kink - 1e-6, kink, kink + 1e-6], dtype=torch.float64)
    left, right = ((function(near)[1:] - function(near)[:-1]) / 1e-6).tolist()
    derivative = autograd(function, kink)
    between = min(left, right) - 1e-9 <= derivative <= max(left, right) + 1e-9
    print(f"{name:20s} {kink:5g} {left:7.3g} {right:7.3g} {derivative:9.3g}   {'yes' if between else 'NO'}")
    kinks[name] = (lambda x, f=function: f(torch.as_tensor(x)).numpy(), kink, derivative)

# %% [markdown] id="kinks-picture-note"
# `sqrt` has no slope to the left, and an infinite one to the right. `relu6` and `hardtanh` bend *down* at these
# kinks: a slope in between, but no subgradient, for they are not convex. The last row is the identity, written with
# two kinks.

# %% id="kinks-picture" slideshow={"slide_type": "-"}
# Needs PyTorch: three graphs with the line that autograd's slope draws at a kink
figure, axes = figures.new(3, size=(10, 3.4), sharey=True)
unit = np.linspace(-1, 1, 201)
for ax, name in zip(axes, ("abs", "maximum(x, 0)", "relu(x) − relu(−x)"), strict=True):
    function, kink, derivative = kinks[name]
    ax.plot(unit, function(kink + unit), color=figures.BLUE)
    ax.plot(unit, function(np.array([kink])) + derivative * unit, **figures.NGDM)
    ax.set(title=f"{name}: autograd says {derivative:g}", xlabel="x", xlim=(-1, 1), ylim=(-1, 1))
figures.show(
    figure,
    "Autograd's slope at 0 supports |x| and max(x, 0) from below; for relu(x) − relu(−x), which is x, it is wrong.",
    alt="Three graphs near 0 with the line of autograd's slope: horizontal under the absolute value, half-steep under "
    "max(x, 0), and horizontal across the identity line.",
)

# %% [markdown] id="kinks-play-note"
# **Play.** *Questions.* (i) Zoom in on `abs` by a factor of 10 000. What changes? (ii) Which function's dot is not
# between the two blue lines?

# %% id="kinks-play"
# Needs PyTorch: the slider that zooms in on a kink and on autograd's slope there
subdifferential = explorers.subdifferential(kinks)
subdifferential

# %% [markdown] id="kinks-why"
# **Why.** Autograd applies the chain rule to the *program*, with a convention for each elementary operation. The
# subdifferential of a sum of finite convex functions is the sum of their subdifferentials, and the chain rule through
# an increasing convex outer function stays inside too. So a loss gets a true subgradient if it is built from convex
# pieces *whose conventions are subgradients*, by non-negative sums, by affine inner functions, and by outer functions
# that are convex and non-decreasing on the range of what goes into them. A *difference* of kinks need not: in
# `relu(x) − relu(−x)` both conventions are 0, and so is what the chain rule makes of them. (This is not even (2): the
# function is $x$ and has the gradient 1. At a true kink it can fail as well: exercise 2 writes $|x|$ so that autograd
# says 7.) It matters only *at* the kink, a set of measure zero. How often is a network there?

# %% id="kinks-float" slideshow={"slide_type": "-"}
from sklearn.datasets import load_digits

pixels = load_digits().data[:500] / 16


def pre_activations(dtype, seed):
    """500 digits times a random 64 × 64 layer, summed term after term in ``dtype``."""
    weights = (np.random.default_rng(seed).standard_normal((64, 64)) / 8).astype(dtype)
    total = np.zeros((500, 64), dtype)
    for column, row in zip(pixels.astype(dtype).T, weights, strict=True):
        total = total + column[:, None] * row
    return total


for dtype in (np.float16, np.float32, np.float64):
    zeros = [int((pre_activations(dtype, seed) == 0).sum()) for seed in range(20)]
    print(f"{dtype.__name__}: exactly 0 in {sum(zeros):3d} of {20 * 32_000} pre-activations, "
          f"so relu′(0) is used in {np.count_nonzero(zeros):2d} of 20 random layers")  # fmt: skip

# %% [markdown] id="kinks-verdict"
# **Verdict: holds if** what autograd returns lies in the subdifferential. That is so for the paper's convex losses
# (3), (7) and (11); (13) has no kink. It is a property of how a function is *written*, not of the function. Bertoin
# et al. (2021) found that the convention for relu′(0) changes what backpropagation returns always in 16 bits, in
# about half of their cases in 32, and not in 64. Our layer is far smaller than their networks; the count shows the
# mechanism, for sums kept in each precision.

# %% id="kinks-ledger"
claims.ledger("P2")

# %% [markdown] id="kinks-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) Only the number in the left title: a kink has no scale of its own. (ii) `relu(x) − relu(−x)`: left and
# right the slope is 1, and the dot is at 0. (`sqrt` has no dot: autograd says ∞.)
#
# </details>

# %% id="kinks-check" tags=["check"]
# Needs PyTorch: the check of these derivatives
subdifferential.drive()
found = {name: derivative for name, (_, _, derivative) in kinks.items()}
assert (found["relu"], found["maximum(x, 0)"]) == (0, 0.5)
assert found["clamp(min=0)"] in (0, 1)  # by version
assert found["abs"] == found["norm"] == 0 and found["sqrt"] == np.inf
assert found["relu(x) − relu(−x)"] == 0  # the function is x: its derivative is 1

# %% [markdown] id="loss-claim"
# ## 3 · The convex ReLU loss
#
# **Claim.** As its main example the paper announces a one-layer ReLU network fitted to responses that are never
# positive,
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2+\lambda_1\|\beta\|_1+\lambda_2\|\beta\|^2,\qquad y\le 0. \quad(3)$$
#
# It is convex (Kumar 2023), and its optimum 0 is a point of non-differentiability. (That needs some $y_i<0$ or
# $\lambda_1>0$.)

# %% id="loss-predict" tags=["vote"]
votes.ask("preliminaries.loss")

# %% id="loss-picture"
figure, ax = figures.new(size=(9, 4))
z = np.linspace(-1.5, 2.5, 401)
for y, style in ((-1.0, figures.NGDM), (0.0, figures.SMOOTH), (1.0, {"color": figures.PURPLE, "linestyle": "--"})):
    term = NeuronRegression([[1.0]], [y])
    ax.plot(z, term.value(z[:, None]), **style, label=f"y = {y:g}")
ax.set(xlabel="z = xᵢᵀβ", ylabel="(yᵢ − max(z, 0))²", xlim=(-1.5, 2.5), ylim=(-0.2, 6))
figures.legend(ax, loc="upper left")
figures.show(
    figure,
    "y < 0 puts a kink at z = 0 that bends up, y = 0 a smooth joint; with y > 0 it bends down, as no convex one does.",
    alt="One term of the loss against z for three values of y: for −1 flat, then rising with a corner; for 0 flat, "
    "then rising smoothly; for 1 flat at 1, falling to 0 and rising again.",
)

# %% [markdown] id="loss-play-note"
# **Play.** The right panel shows, of 5000 segments, the one on which the loss rises highest above its chord.
# *Questions.* (i) With all $y_i\le0$, try to make the number in the right title positive (beyond rounding). (ii) With
# one $y_i>0$ and $|y|>0$, try to make it vanish by raising $\lambda_2$. What remains on the black segment? (iii) In
# which settings is there more than one minimiser?

# %% id="loss-play"
loss = explorers.relu_loss()
loss

# %% [markdown] id="loss-why"
# **Why.** For $y_i\le0$ each term is $(|y_i|+z^+)^2$ with $z^+=\max(x_i^\top\beta,0)$. The square $(|y_i|+t)^2$ is
# convex, and increasing for $t\ge0$, where $t=z^+$ lives; $z^+$ is convex in $\beta$; so the term is. Each term is at
# least $y_i^2$, with equality if and only if $x_i^\top\beta\le0$; so 0 is a minimiser. It is the *only* one if
# $\lambda_1+\lambda_2>0$, or if no $\beta\ne0$ has $X\beta\le0$. With non-negative data and no penalty, the whole
# negative orthant is optimal. Across the kink $x_i^\top\beta=0$ the slope *rises* by $2|y_i|\,x_i$: **$|y|$ is the
# strength of the kinks**, and $y=0$ removes them (those of $\lambda_1$ stay). With $y_i>0$ the slope *falls* by
# $2y_i\,x_i$ there. No smooth term makes up for a falling slope, however strongly it curves: on a short enough
# segment the kink wins. (Only another kink along the same hyperplane could.)

# %% id="loss-theory"
rng = np.random.default_rng(0)
X, y = rng.uniform(-1, 1, (20, 3)), -rng.uniform(0, 1, 20)
x0 = np.linalg.svd(X[:1])[2][1]  # a point on the first kink: X[0]·x0 = 0
for strength in (0.0, 0.5, 1.0):
    term = ReLURegression(X[:1], strength * y[:1])
    ahead, behind = (term.subgradient(x0 + side * 1e-7 * X[0]) for side in (1, -1))
    print(f"|y₁| = {-strength * y[0]:.3f}   slope jump {np.linalg.norm(ahead - behind):.4f}   "
          f"2|y₁|‖x₁‖ = {2 * -strength * y[0] * np.linalg.norm(X[0]):.4f}")  # fmt: skip

# %% [markdown] id="loss-verdict"
# **Verdict: holds**, with the condition for uniqueness added. What it does not show: that (3) resembles a neural
# network's loss. It is convex, its minimiser is known beforehand, and its best fit predicts 0 whatever the data.

# %% id="loss-ledger"
claims.ledger("P1")

# %% [markdown] id="loss-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) It stays within rounding of 0, below $10^{-14}$: the loss is convex. (ii) It shrinks, but not to 0:
# with $\lambda_1=0$ and $\lambda_2$ from 0 to 2, from 0.40 to 0.30 for $|y|=2$, from 0.008 to 0.0027 for $|y|=0.1$. A
# peak remains in the middle, on the kink $x_1^\top\beta=0$. (iii) $\lambda_1=\lambda_2=0$, all $y_i\le0$, either $X$:
# the whole cone $X\beta\le0$ is optimal.
#
# </details>

# %% id="loss-check" tags=["check"]
loss.drive()
for strength, lam1, lam2 in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (3.0, 2.0, 0.0), (3.0, 0.0, 2.0)):
    assert problems.midpoint_gap(ReLURegression(X, strength * y, lam1, lam2), 3) < 1e-12  # convex
flipped = np.where(np.arange(20) == 0, 2.0, y)
assert problems.midpoint_gap(NeuronRegression(X, flipped), 3) > 0.01  # not convex …
for lam1, lam2 in ((0.0, 0.0), (2.0, 2.0), (200.0, 200.0)):  # … whatever λ₁ and λ₂ are
    bent, half = NeuronRegression(X, flipped, lam1=lam1, lam2=lam2), 1e-4 * X[0]
    assert bent.value(x0) > (bent.value(x0 + half) + bent.value(x0 - half)) / 2

# %% [markdown] id="descent-claim"
# ## 4 · The subgradient method is not a descent method
#
# **Claim.** The paper leans on the lecture notes of Boyd et al.: a subgradient step may *raise* the function, and
# this is no rarity. What is guaranteed for a convex, $G$-Lipschitz $f$ and a start at distance $R$ from a minimiser
# concerns the best value so far:
#
# $$\min_{k<T} f(\beta_k)-f^*\;\le\;\frac{R^2}{2\eta T}+\frac{\eta G^2}{2}.$$

# %% id="descent-predict" tags=["vote"]
votes.ask("preliminaries.descent")

# %% id="descent-picture"
objective, solution = problems.sharp_problem()  # mean |Xβ − y| with Xβ* = y: 60 equations, 10 unknowns
R, G, T = np.linalg.norm(solution), objective.lipschitz, 2000
lrs = np.geomspace(1e-4, 1, 60)
runs = trajectories.run(objective, np.zeros(10), lrs, T)

figure, ax = figures.new(size=(9, 4))
ax.loglog(lrs, runs.values[:-1].min(axis=0), **figures.NGDM, label="best of 2000 values")
ax.loglog(lrs, theory.best_value_bound(R, G, lrs, T), **figures.THEORY, label="bound")
ax.axvline(theory.best_constant_lr(R, G, T), **figures.THRESHOLD)
ax.text(1.1 * theory.best_constant_lr(R, G, T), 2.5, "R / (G√T)")
ax.set(xlabel="η", ylabel="best f − f*", xlim=(1e-4, 1))
figures.legend(ax, loc="upper center")
figures.show(
    figure,
    "Small steps crawl, large steps stall high. The guarantee is best at R/(G√T); this run is best at a smaller η.",
    alt="Best loss and bound against the learning rate on logarithmic scales: both fall, reach a minimum and rise "
    "again; the bound's minimum is marked.",
)

# %% [markdown] id="descent-play-note"
# **Play.** The goals stand below the figure. *Question.* (ii) How far below the bound is the lowest best value? (Read
# the bound off the dashed line.)

# %% id="descent-play"
descent = explorers.subgradient_method()
descent

# %% [markdown] id="descent-why"
# **Why.** Not the function, the *distance* to a minimiser is what a subgradient step controls:
#
# $$\|\beta_{k+1}-\beta^*\|^2\le\|\beta_k-\beta^*\|^2-2\eta\,\bigl(f(\beta_k)-f^*\bigr)+\eta^2G^2 .$$
#
# As long as $f(\beta_k)-f^*>\eta G^2/2$, the distance falls. Adding up $T$ of these inequalities gives the bound. Its
# two terms pull in opposite directions; they are equal at $\eta=R/(G\sqrt T)$, and then the bound is $RG/\sqrt T$.

# %% id="descent-theory"
for budget in (20, 200, 2000):
    lr = theory.best_constant_lr(R, G, budget)
    run = trajectories.run(objective, np.zeros(10), lr, budget)
    rises = int((np.diff(run.values) > 0).sum())
    bound, best = R * G / np.sqrt(budget), run.values[:-1].min()
    print(f"T = {budget:4d}   η = {lr:.4f}   bound RG/√T = {bound:.3f}   best {best:.4f}   f rises in {rises} steps")

# %% [markdown] id="descent-verdict"
# **Verdict: holds.** The subgradient method is no descent method, and the bound is about the *best* value. Two things
# to keep apart from it: nothing here says that the last iterate is as good as the best one; and the same bound holds
# for gradient descent on any smooth convex $G$-Lipschitz function, so it says nothing about how the two compare.

# %% [markdown] id="descent-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $\eta=0.398$; at the next position, 0.417, $f$ rises in step 10. (ii) $\eta=0.00219$: best value
# 0.00068, bound 1.3, about 2000 times as much. (The bound has to hold for every convex $G$-Lipschitz function; this
# one is sharp.)
#
# </details>

# %% id="descent-check" tags=["check"]
descent.drive()
assert (np.diff(runs.values, axis=0) > 0).any(axis=0).mean() > 0.5  # for most η, some step goes up
k = np.arange(1.0, T + 1)[:, None]
best = np.minimum.accumulate(runs.values[:-1], axis=0)
assert (best <= theory.best_value_bound(R, G, lrs, k)).all()  # 60 learning rates, 2000 budgets
distance = np.linalg.norm(runs.iterates - solution, axis=-1) ** 2
right = distance[:-1] - 2 * lrs * runs.values[:-1] + lrs**2 * G**2
assert (distance[1:] <= right + 1e-9).all()  # the line that is added up

# %% [markdown] id="steps-claim"
# ## 5 · Step sizes
#
# **Claim.** The paper tells three regimes apart: a *constant* step, a *diminishing* one ($\eta_k\to0$ with an
# infinite sum, (4)), and the *reducing* one of practice (PyTorch's `StepLR`: constant, then ten times smaller, and so
# on). Only diminishing steps come with a guarantee; the steps of `StepLR` have a finite sum, which violates an
# assumption of Davis et al. (2020). On a differentiable loss, it adds, gradient descent comes within some vicinity of
# the optimum even with geometric steps; and a reducing schedule ends as a constant-step run.

# %% id="steps-predict" tags=["vote"]
votes.ask("preliminaries.steps")

# %% id="steps-picture"
schedules = {
    "0.01": trajectories.constant(0.01),
    "0.3/√(k+1)": trajectories.diminishing(0.3),
    "0.3·0.98ᵏ": trajectories.exponential_decay(0.3, 0.98),
    "0.3·0.8ᵏ": trajectories.exponential_decay(0.3, 0.8),
    "StepLR": trajectories.step_decay(0.3, every=100, factor=0.1),
}
sharp = {name: trajectories.run(objective, np.zeros(10), schedule, 1500) for name, schedule in schedules.items()}

figure, ax = figures.new(size=(9, 4))
colors = (figures.ORANGE, figures.BLUE, figures.VERMILLION, figures.PURPLE, figures.GREEN)
for (name, run), color in zip(sharp.items(), colors, strict=True):
    best = np.minimum.accumulate(run.values)
    ax.semilogy(run.steps, best, color=color)
    above = name in ("0.01", "0.3·0.98ᵏ")
    ax.text(1510, best[-1], f"{name}: {best[-1]:.1e}", va="bottom" if above else "top", color=color)
ax.set(xlim=(0, 1500), ylim=(1e-16, 10), xlabel="step k", ylabel="best f − f* so far")
figures.show(
    figure,
    "Steps with a finite sum that shrink slowly enough, StepLR's too, converge on a sharp loss; too fast, they stick.",
    alt="Best loss against the step on a logarithmic scale for five schedules. The geometric one with ratio 0.98 falls "
    "in a straight line to rounding level, StepLR in stairs of a tenth every 100 steps; the constant and diminishing "
    "ones level off; ratio 0.8 stays above 1.",
)

# %% [markdown] id="steps-play-note"
# **Play.** The goals stand below the figure; the second needs what $0.3/\sqrt{k+1}$ reaches (its mark). *Question.*
# (iii) On ½x², when do the geometric steps stop short as well?

# %% id="steps-play"
steps = explorers.step_sizes()
steps

# %% [markdown] id="steps-why"
# **Why.** No iterate gets farther from its start than $G\sum_k\eta_k$. If that *total travel* is less than the
# distance $R$, the method stops short. (Enough travel is necessary, not sufficient: steps are shorter than $G\eta_k$
# and do not all point at the minimiser. See $q=0.9$ below.) Smoothness is no help: on ½x², gradient descent
# multiplies $x$ by $\prod_k(1-\eta_k)$, which stays away from 0 for every finite $\sum\eta_k$ (if no $\eta_k$ is 1).
# If there is enough travel, small steps late in the run are what one wants. On a sharp function, with a suitable
# first step and a ratio $q$ not too small, the distance falls like $q^k$ (Goffin 1977).

# %% id="steps-theory"
needed = np.linalg.norm(solution) / objective.lipschitz
for q in (0.8, 0.9, 0.98):
    half = trajectories.run(Quadratic([[1.0]]), [1.0], trajectories.exponential_decay(0.3, q), 1500)
    product = np.prod(1 - 0.3 * q ** np.arange(1500))
    best = problems.best_on_sharp(trajectories.exponential_decay(0.3, q))
    print(f"q = {q:4.2f}   Σηₖ = {0.3 / (1 - q):4.1f}   sharp loss: needed ≥ R/G = {needed:.2f}, best {best:.1e}")
    print(f"           ½x² from 1 ends at {half.iterates[-1, 0]:.4g}   Π(1 − ηₖ) = {product:.4g}")

# %% [markdown] id="steps-verdict"
# **Verdict.** As mathematics the remark about `StepLR` **holds**: the theorem's assumption fails. As an objection to
# practice it is **imprecise**: runs are finite, and on this sharp loss `StepLR` itself, with a finite sum, comes as
# close as any schedule above. (One convex problem: it refutes “finite sum, hence no convergence”, and says nothing of
# networks.) That geometric steps bring gradient descent near the optimum on a differentiable loss is **imprecise**:
# it is as true, and as empty, as for NGDM; how near depends on the travel. That the last phase of a reducing schedule
# is a constant-step run **holds**, by definition.

# %% id="steps-ledger"
claims.ledger("P4", "P5", "P6")

# %% [markdown] id="steps-answer"
# **Check.**
#
# <details><summary>Key to the goals and questions</summary>
#
# *Goals:* (i) $q=0.924$ arrives, 0.923 sticks at 0.011. (ii) Reduce too soon ($q=0.1$ every 10 steps: too little
# travel, best 0.36) or too late ($q=0.98$ every 300: nearly constant, 0.060); $0.3/\sqrt{k+1}$ gets to 0.0027. (iii)
# $q=0.8$: $x$ ends at $\prod_k(1-\eta_k)=0.19$, the loss at 0.019.
#
# </details>

# %% id="steps-check" tags=["check"]
steps.drive()
best = {name: run.values.min() for name, run in sharp.items()}
assert best["0.3·0.98ᵏ"] < 1e-13 and best["0.3/√(k+1)"] / best["0.3·0.98ᵏ"] > 1e10
assert best["0.3·0.8ᵏ"] > 1 and best["0.01"] > 1e-3 and best["StepLR"] < 1e-13
travel = np.linalg.norm(np.diff(sharp["0.3·0.8ᵏ"].iterates, axis=0), axis=-1).sum()
assert travel <= 0.3 / (1 - 0.8) * objective.lipschitz + 1e-12  # total travel ≤ GΣη

# %% [markdown] id="machines-claim"
# ## 6 · One call, three machines
#
# **Claim.** `trajectories.run` is written once. NumPy arrays run in NumPy, torch tensors run where they live, on the
# CPU or a GPU. The paper grants that NGDM seldom meets a point of non-differentiability, and disputes that kinks are
# therefore harmless. Here is one way in which they are not: can it matter *where* the same program runs?

# %% id="machines-predict" tags=["vote"]
votes.ask("preliminaries.machines")

# %% id="machines-measure"
# Needs PyTorch: how far the same 1000 runs in NumPy and in torch come apart
rng = np.random.default_rng(0)
X, y = rng.standard_normal((40, 5)).astype(np.float32), rng.standard_normal(40).astype(np.float32)
starts = rng.standard_normal((1000, 5)).astype(np.float32)
in_numpy = trajectories.run(LeastAbsolute(X, y), starts, 0.01, 300).iterates
tensors = LeastAbsolute(torch.from_numpy(X), torch.from_numpy(y))
in_torch = trajectories.run(tensors, torch.from_numpy(starts), 0.01, 300).iterates.numpy()
gap = np.abs(in_numpy - in_torch).max(axis=-1)  # (steps + 1, starts)
print(f"median gap after 300 steps {np.median(gap[-1]):.1e}, largest {gap[-1].max():.1e}")
print(f"runs that differ by more than 1e-4: {(gap[-1] > 1e-4).sum()} of 1000")

# %% id="machines-picture"
# Needs PyTorch: the picture of that gap, step by step
worst = int(gap[-1].argmax())
figure, ax = figures.new(size=(9, 4))
ax.semilogy(np.maximum(gap[:, rng.choice(1000, 60, replace=False)], 1e-9), color="0.8", linewidth=0.8)
ax.semilogy(np.maximum(gap[:, worst], 1e-9), **figures.NGDM)
ax.set(xlim=(0, 300), ylim=(1e-9, 1e-2), xlabel="step k", ylabel="NumPy against torch, largest entry")
figures.show(
    figure,
    "Rounding stays at rounding level until a residual has another sign in one library than in the other.",
    alt="Difference between the two libraries against the step on a logarithmic scale: grey runs near one part in ten "
    "million, one coloured run that jumps up by orders of magnitude within one step.",
)

# %% [markdown] id="machines-why"
# **Why.** The two libraries add up $x_i^\top\beta$ in a different order, so their residuals differ in the last bit.
# That is harmless until a residual is within rounding of 0: then its sign may differ, and with it the subgradient. If
# one library lands *on* the kink, where sign(0) = 0, and the other a bit beside it, that is $x_i/n$: one row of $X$,
# over $n$.

# %% id="machines-theory"
# Needs PyTorch: the steps at which a residual has another sign in one of the libraries
exact = [int((path[:-1] @ X.T == y).sum()) for path in (in_numpy, in_torch)]
print(f"residuals that are exactly 0: {exact[0]} and {exact[1]} of {300 * 1000 * 40:,} each")
for run in np.flatnonzero(gap[-1] > 1e-4):
    jump = int(np.argmax(gap[:, run] > 1e-5))
    residuals = [path[jump - 1, run] @ X.T - y for path in (in_numpy, in_torch)]
    row = int(np.argmax(np.sign(residuals[0]) != np.sign(residuals[1])))
    print(
        f"run {run:3d}, step {jump}: residual {residuals[0][row]:8.1e} in NumPy, {residuals[1][row]:8.1e} in torch; "
        f"the gap is {gap[jump, run]:.2e}, η‖xᵢ‖_∞/n = {0.01 * np.abs(X[row]).max() / 40:.2e}"
    )
single = np.stack([trajectories.run(LeastAbsolute(X, y), one, 0.01, 300).iterates[-1] for one in starts[:200]])
print(f"NumPy alone: a run by itself and in the batch differ by up to {np.abs(single - in_numpy[-1, :200]).max():.1e}")
wide = [array.astype(np.float64) for array in (X, y, starts)]
doubled = [
    np.asarray(trajectories.run(LeastAbsolute(to(wide[0]), to(wide[1])), to(wide[2]), 0.01, 300).iterates)
    for to in (np.asarray, torch.as_tensor)
]
print(f"double precision, all 1000 runs: they differ by {np.abs(doubled[0] - doubled[1]).max():.1e} at most")

# %% id="machines-speed"
# Needs PyTorch: the seconds that NumPy, torch and a GPU take for up to 100 000 runs at once
torch.set_num_threads(1)  # as many as NumPy takes here; two only get in the way of other programs
homes = {"NumPy": np.asarray, "torch, CPU": torch.as_tensor}
if torch.cuda.is_available():
    homes["torch, GPU"] = lambda array: torch.as_tensor(array, device="cuda")
seconds = {name: {} for name in homes}
for size in (1, 1000, 100_000):
    batch = rng.uniform(-1, 1, (size, 2))
    for name, to in homes.items():
        for _ in range(3):  # the last of three: the first ones warm up
            begin = time.perf_counter()
            end = trajectories.run(L1Norm(1.0), to(batch), 0.01, 200, record_every=200).values[-1]
            float(end.max())  # waits for a GPU to finish
            seconds[name][size] = time.perf_counter() - begin
measured = {
    f"{row['library']} on {row['device']}, recorded": {int(n): s for n, s in row["seconds"].items()}
    for row in recorded.load("machines")
}
for name, row in {**seconds, **measured}.items():
    print(f"{name:42s}" + "".join(f"{size:>9,d}: {1e3 * s:7.1f} ms" for size, s in row.items()))
if len(homes) == 2:
    print("No GPU on this machine: a CUDA row is shown if one has been recorded.")

# %% id="machines-speed-picture"
# Needs PyTorch: the picture of these times
figure, ax = figures.new(size=(9, 4))
styles = (figures.NGDM, figures.NGDM_LARGE, figures.PROXIMAL)
for (name, row), style in zip(seconds.items(), styles, strict=False):
    ax.loglog(list(row), list(row.values()), marker="o", **style, label=name)
for (name, row), marker in zip(measured.items(), "x+1234*", strict=False):
    ax.loglog(list(row), list(row.values()), marker, markersize=9, color="0.4", label=name)
sizes = np.array([1, 1000, 100_000])
ax.loglog(sizes, sizes * seconds["NumPy"][1], **figures.THEORY, label="NumPy, one after the other")
ax.set(xlabel="trajectories in one call", ylabel="seconds for 200 steps")
figures.legend(ax, loc="upper left")
figures.show(
    figure,
    "A hundred thousand trajectories in one call cost far less than a hundred thousand calls.",
    alt="Seconds for 200 steps against the number of trajectories on logarithmic scales: nearly flat up to a thousand, "
    "then rising; the dashed line for one run after the other is far above.",
)

# %% [markdown] id="machines-verdict"
# **Verdict.** The remark **holds**: iterates seldom sit *on* a kink; the cell above counts a handful in millions, and
# the ledger of notebook 3 counts them on (7). But within rounding of one the last bit decides the step. In single
# precision expect the same run to differ between libraries, and between a batch and a single run in one library: by
# rounding mostly, and by thousands of times more now and then. In double precision none of our 1000 runs does.

# %% id="machines-check" tags=["check"]
# Needs PyTorch: the check of these gaps
assert np.median(gap[-1]) < 1e-6  # most runs: rounding
if (gap[-1] > 1e-4).any():  # the few that jump: which ones, and whether any, depends on the processor's rounding
    assert gap[jump, run] > 100 * max(gap[jump - 1, run], 1e-9)
assert np.abs(doubled[0] - doubled[1]).max() < 1e-9  # double precision: no flip

# %% [markdown] id="ledger-note"
# ## The ledger of this notebook
#
# Every row is measured when the cell runs. P7 and P8 come from the paper's Section 2: that $L$-smoothness guarantees
# a second derivative, and that the transformer of 2017 uses GELU.

# %% id="ledger" tags=["check"]
claims.ledger("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")

# %% [markdown] id="exercise-1"
# ## Exercises
#
# **1.** NGDM on $|x|$ with $\eta=0.1$ lands *exactly* on 0 from some starts. Which, in exact arithmetic? Try
# $x_0=0.5$ in double precision and explain what you see.
#
# <details><summary>Hint</summary>
#
# Is 0.1 a binary fraction?
#
# </details>
# <details><summary>Solution</summary>
#
# From multiples of 0.1, and it stays there because sign(0) = 0. 0.5 is exact in binary, but 0.1 is not, so what is
# subtracted is not quite 0.1, and the differences are rounded as well. Five subtractions leave a tiny remainder
# instead of 0, and its sign sends the iterate off again. With $\eta=1/8$ and $x_0=1/2$ it lands.
#
# </details>

# %% id="exercise-1-solution" tags=["solution"]
for lr in (0.1, 0.125):
    print(f"η = {lr}: ", trajectories.run(L1Norm(1.0), [0.5], lr, 7).iterates[:, 0])

# %% [markdown] id="exercise-2"
# **2.** Write $|x|$ as a program whose autograd derivative at 0 is 7.
#
# <details><summary>Hint</summary>
#
# Add something that is 0 everywhere and whose derivative, according to autograd, is not.
#
# </details>
# <details><summary>Solution</summary>
#
# `abs(x) + 7·(x − (relu(x) − relu(−x)))`. The bracket is 0 for every $x$, but its autograd derivative at 0 is $1-0$.
# NGDM on this program is not the subgradient method at that one point.
#
# </details>

# %% id="exercise-2-solution" tags=["solution"]
# Needs PyTorch: the derivative that autograd returns for this way to write |x|, which is 7
print(autograd(lambda x: x.abs() + 7 * (x - (torch.relu(x) - torch.relu(-x))), 0.0))

# %% [markdown] id="exercise-3"
# **3.** *(open-ended)* Polyak's step is $\eta_k=(f(\beta_k)-f^*)/\|g_k\|^2$. It needs $f^*$ and nothing else. Write
# it by hand for the sharp problem, compare it with $0.3\cdot0.98^k$, and think about what to do when $f^*$ is not
# known.
#
# <details><summary>Hint</summary>
#
# `objective.value` and `objective.subgradient` are all it takes.
#
# </details>
# <details><summary>Solution</summary>
#
# It minimises the right-hand side of the inequality in idea 4 over $\eta$, with $\|g_k\|$ for $G$. On a sharp
# function it converges linearly without any tuning. With an estimate of $f^*$ that is too low it stalls; with one
# that is too high it stops there. The usual answer is a moving target: the best value so far minus some gap, with the
# gap reduced whenever progress stops.
#
# </details>

# %% id="exercise-3-solution" tags=["solution"]
beta, values = np.zeros(10), []
for _ in range(1500):
    g, value = objective.subgradient(beta), objective.value(beta)
    values.append(float(value))
    if value == 0:
        break
    beta = beta - value / (g @ g) * g
for goal in (1e-3, 1e-6, 1e-10, 1e-13):
    polyak, geometric = (int(np.argmax(np.array(path) < goal)) for path in (values, sharp["0.3·0.98ᵏ"].values))
    print(f"below {goal:.0e}: Polyak after {polyak:3d} steps, 0.3·0.98ᵏ after {geometric:4d}")

# %% [markdown] id="read-next"
# ## Read next
#
# * S. K. Kumar, *GD doesn't make the cut*, Section 1: the terms in the paper's words.
# * S. Boyd, L. Xiao and A. Mutapcic, *Subgradient methods* (2003): the inequality of idea 4 and all that follows from
#   it.
# * D. Bertoin, J. Bolte, S. Gerchinovitz and E. Pauwels, *Numerical influence of ReLU'(0) on backpropagation* (2021).
# * J. Bolte and E. Pauwels, *Conservative set valued fields, automatic differentiation, stochastic gradient methods
#   and deep learning* (2021): why autograd's exceptions are harmless almost everywhere.
# * Notebook 3: the same band as in idea 1, and what an ℓ1 penalty makes of it.
