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
# *NGDM* is the paper's name for gradient methods on losses with kinks: follow whatever automatic differentiation
# returns. This notebook works through Section 1 of *GD doesn't make the cut* (Kumar, arXiv 2401.08426).
#
# **Afterwards you can**
#
# - tell from $\eta$ and $L$ whether gradient descent lands, and from $\eta$ how wide a band NGDM ends in;
# - say what automatic differentiation returns at a kink, and when that is a subgradient;
# - explain why the paper's main loss is convex, and where its minimiser sits;
# - choose the best constant step for a given number of steps, and say what it guarantees;
# - say what a step-size schedule with a finite sum gives up, and when that costs something.
#
# | | idea | minutes |
# |--:|:--|--:|
# | 1 | Two recursions | 10 |
# | 2 | What autograd returns at a kink | 9 |
# | 3 | The loss of the paper | 7 |
# | 4 | The best constant step | 10 |
# | 5 | Step-size schedules | 11 |
# | 6 | Note: the last bit | 3 |
#
# **Assumed:** derivatives, the chain rule, matrices in NumPy. *Run → Run All Cells* takes half a minute. The
# answers to the votes stay folded.

# %% id="imports"
import time

import numpy as np
from IPython.display import display

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, NeuronRegression
from ngdm_helpers.course import claims, exercises, explorers, problems, recorded, votes
from ngdm_helpers.live import reveal
from ngdm_helpers.objectives import Huber, L1Norm, Quadratic, ReLURegression

# %% [markdown] id="recursions-claim"
# ## 1 · Two recursions
#
# **Claim.** On a differentiable loss $f$, *gradient descent* (GD) is recursion (1). Where $f$ has kinks, deep-learning
# software runs recursion (2): $\tilde\nabla f$ is the gradient where there is one, and a convention elsewhere. The
# field treats the two as nearly the same, says the paper, and they are not. It adds that even (1), with a constant
# step, approaches a stationary point but rarely converges to it, special cases excepted.
#
# $$\beta_{k+1}=\beta_k-\eta\,\nabla f(\beta_k)\quad(1)\qquad\qquad
# \beta_{k+1}=\beta_k-\eta\,\tilde\nabla f(\beta_k)\quad(2)$$
#
# $\beta_k$ are the parameters after $k$ steps, and $\eta>0$ is the *learning rate*, or step size.

# %% id="recursions-predict"
votes.ask("preliminaries.recursions")

# %% [markdown] id="recursions-play-note"
# **Play.** Press ▶. The third function is Huber's: quadratic within $\delta$ of 0, straight outside. In the titles, $L$
# is the largest second derivative.

# %% id="recursions-play"
recursions = explorers.two_recursions()
recursions

# %% id="recursions-reveal"
figure, ax = figures.new(size=(9, 3.6))
for name, loss, style in (
    ("GD on x²", Quadratic([[2.0]]), figures.SMOOTH),  # ½·2·x²
    ("NGDM on |x|", L1Norm(1.0), figures.NGDM),
):
    run = trajectories.run(loss, [1.73], lr=0.1, steps=80)
    ax.semilogy(run.steps, np.abs(run.iterates[:, 0]), **style)
    ax.text(81, np.sqrt(np.prod(np.abs(run.iterates[-2:, 0]))), name, va="center", color=style["color"])
ax.set(xlim=(0, 80), ylim=(1e-9, 5), xlabel="step k", ylabel="|xₖ|")
with reveal("What happens"):
    picture = figures.show(
        figure,
        "With the same constant step, gradient descent keeps approaching; NGDM ends up jumping between 0.03 and −0.07.",
        alt="Distance to the minimiser against the step on a logarithmic scale: a straight line down for x²; for |x| "
        "a fall to about 0.05 and then a zigzag.",
    )
    display(picture)

# %% id="recursions-by-hand"
eta, smooth, kinked = 0.1, 1.73, 1.73
for _ in range(80):
    smooth = smooth - eta * 2 * smooth  # (1) on x²
    kinked = kinked - eta * np.sign(kinked)  # (2) on |x|
print(f"x² ends at {smooth:.1e}\n|x| ends at {kinked:.3f}, one step later at {kinked - eta * np.sign(kinked):.3f}")

# %% [markdown] id="recursions-why"
# **Why.** On $x^2$ the step $2\eta x$ shrinks with $x$: each step multiplies $x$ by $1-2\eta$, and below $\eta=1$ that
# number lies between $-1$ and 1. On $|x|$ the step has length $\eta$, however close 0 is. So $x$ ends up jumping
# between two points $\eta$ apart, one on each side of 0. Every $\eta$ does that; a smaller one only makes the band
# narrower. (Exercise 1 says which starts escape.)

# %% [markdown] id="recursions-words"
# **Three words**, for all four notebooks.
#
# - $f$ is *convex* if its graph never rises above a chord.
# - $f$ is *$G$-Lipschitz* if no slope exceeds $G$: $|f(\beta)-f(\beta')|\le G\|\beta-\beta'\|$.
# - $f$ is *$L$-smooth* if no curvature exceeds $L$: $\|\nabla f(\beta)-\nabla f(\beta')\|\le L\|\beta-\beta'\|$.
#
# $x^2$ is 2-smooth; $|x|$ is 1-Lipschitz, and $L$-smooth for no $L$: at its kink the slope jumps.

# %% id="recursions-theory"
for lr in (0.1, 0.9, 1.0, 1.1):
    square = trajectories.run(Quadratic([[2.0]]), [1.73], lr, 80)
    absolute = problems.last_norms(trajectories.run(L1Norm(1.0), [1.73], lr, 80)).mean()
    end, law = abs(square.iterates[-1, 0]), 1.73 * abs(1 - 2 * lr) ** 80
    print(f"η = {lr:3.1f}   x²: |x₈₀| = {end:8.1e}, |1 − 2η|⁸⁰·x₀ = {law:8.1e}     |x|: last two, mean {absolute:.3f}")

# %% [markdown] id="recursions-verdict"
# **Verdict.** That (1) and (2) behave differently **holds**. That (1) with a constant step rarely converges is
# **imprecise**: if $f$ is $L$-smooth and bounded below, $\eta<2/L$ sends the gradient to 0, and if $f$ is also convex
# with a minimiser, (1) converges. Larger steps are another matter: at the *edge of stability* (notebook 4), networks do
# not settle.
#
# <details><summary>Key to the goals</summary>
#
# (i) At $\eta=2/L=1$, where $x$ jumps between $\pm1.73$; 0.978 lands, slowly, 1.02 diverges. (ii) $\eta=0.0218$, mean
# $\eta/2=0.0109$; below $1.73/80$ the 80 steps do not reach 0. Huber's function with $\eta>2$ does not diverge: outside
# $|x|\le\delta=\tfrac12$ the step has length $\eta/2$, and $x$ ends on two points $\eta/2$ apart (0.92 and −0.58 for
# $\eta=3$).
#
# </details>

# %% [markdown] id="kinks-claim"
# ## 2 · What autograd returns at a kink
#
# **Claim.** For convex losses, the paper says, NGDM effectively implements the *subgradient method*. A number $g$ is a
# *subgradient* of a convex $f$ at $x$ if the line of slope $g$ through the graph at $x$ nowhere rises above it:
#
# $$f(x')\;\ge\;f(x)+g\,(x'-x)\qquad\text{for all }x'.$$
#
# At a kink, these are all the slopes between the left and the right one. The method steps against any of them.
# *Autograd*, PyTorch's automatic differentiation, returns one number.

# %% id="kinks-predict"
votes.ask("preliminaries.kinks")

# %% [markdown] id="kinks-play-note"
# **Play.** (i) Zoom in on `abs` by a factor of 10 000. What changes? (ii) Choose the other functions in turn. Whose dot
# is not between the two blue lines?

# %% id="kinks-play"
# Needs PyTorch: the slider that zooms in on ten kinks and on autograd's slope there
import torch  # four seconds: only from here on is it needed

functions = {  # name: (function, kink)
    "abs": (torch.abs, 0.0),
    "relu": (torch.relu, 0.0),
    "clamp(min=0)": (lambda x: torch.clamp(x, min=0), 0.0),
    "maximum(x, 0)": (lambda x: torch.maximum(x, torch.zeros_like(x)), 0.0),
    "leaky_relu": (torch.nn.functional.leaky_relu, 0.0),
    "relu6": (torch.nn.functional.relu6, 6.0),
    "hardtanh": (torch.nn.functional.hardtanh, 1.0),
    "norm": (lambda x: torch.linalg.vector_norm(x[..., None], dim=-1), 0.0),
    "sqrt": (torch.sqrt, 0.0),
    "relu(x) − relu(−x)": (lambda x: torch.relu(x) - torch.relu(-x), 0.0),
}
kinks = {}
for name, (function, kink) in functions.items():
    at = torch.tensor([kink], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function(at).sum(), at)
    kinks[name] = (lambda x, f=function: f(torch.as_tensor(x)).numpy(), kink, slope.item())
subdifferential = explorers.subdifferential(kinks)
subdifferential

# %% id="kinks-reveal"
# Needs PyTorch: what autograd returns at ten kinks, beside the slopes to the left and right
with reveal("What autograd returns at ten kinks"):
    print(f"{'function':20s} {'kink':>5s} {'left':>7s} {'right':>7s} {'autograd':>9s}   between left and right?")
    for name, (function, kink, slope) in kinks.items():
        left, right = np.diff(function(np.array([kink - 1e-6, kink, kink + 1e-6]))) / 1e-6
        between = min(left, right) - 1e-9 <= slope <= max(left, right) + 1e-9
        # √ has no values left of 0, and there its quotient grows without bound: 1000 at this distance
        shown = ["—" if np.isnan(s) else "∞" if s > 100 else f"{s:.3g}".replace("-", "−") for s in (left, right, slope)]
        print("{:20s} {:5g} {:>7s} {:>7s} {:>9s}".format(name, kink, *shown), "  yes" if between else "  NO")
    figure, axes = figures.new(3, size=(10, 3.4), sharey=True)
    unit = np.linspace(-1, 1, 201)
    for ax, name in zip(axes, ("abs", "maximum(x, 0)", "relu(x) − relu(−x)"), strict=True):
        function, kink, slope = kinks[name]
        ax.plot(unit, function(kink + unit), color=figures.BLUE)
        ax.plot(unit, function(np.array([kink])) + slope * unit, **figures.NGDM)
        ax.set(title=f"{name}: autograd says {slope:g}", xlabel="x", xlim=(-1, 1), ylim=(-1, 1))
    caption = (
        "Autograd's slope at 0 supports |x| and max(x, 0) from below; for relu(x) − relu(−x), which is x, it fails."
    )
    alt = (
        "Three graphs near 0 with the line of autograd's slope: horizontal under the absolute value, half-steep under "
    )
    display(figures.show(figure, caption, alt=alt + "max(x, 0), and horizontal across the identity line."))

# %% id="kinks-by-hand"
# Needs PyTorch: autograd's derivative at 0 of three programs for max(x, 0)
x = torch.zeros(1, requires_grad=True)
for program in (torch.relu, lambda x: torch.clamp(x, min=0), lambda x: torch.maximum(x, torch.zeros(1))):
    (derivative,) = torch.autograd.grad(program(x), x)
    print(derivative.item())

# %% [markdown] id="kinks-why"
# **Why.** Autograd applies the chain rule to the *program*, with a convention for each operation. Sums of convex
# pieces, linear maps inside and growing convex functions outside keep subgradients subgradients. A *difference* of
# kinks need not: in `relu(x) − relu(−x)`, which is $x$, both conventions are 0, and so is the answer.
#
# It matters only *at* a kink. For almost all starts and step sizes no iterate is ever on one. Minimisers often are.
#
# <details><summary>Sources, and the other rows of the table</summary>
#
# That usual methods avoid these points with probability one is a theorem of Bolte and Pauwels (2020) and of Bianchi,
# Hachem and Schechtman (2022); we read the abstracts. It speaks of real numbers. In 16 bits, networks do meet kinks:
# idea 9 counts them.
#
# `sqrt` has no slope to the left, and an infinite one to the right. `relu6` and `hardtanh` bend *down* at these kinks:
# a slope in between, but no subgradient, for they are not convex.
#
# The rule in full: a program gets a true subgradient if it is built from convex pieces whose conventions are
# subgradients, by sums with non-negative weights, by affine inner functions, and by outer functions that are convex and
# non-decreasing on the range of what goes into them.
#
# </details>

# %% [markdown] id="kinks-verdict"
# **Verdict: holds if** what autograd returns is a subgradient. For the paper's convex losses it is. That is a property
# of how a function is *written*, not of the function: exercise 2 writes $|x|$ so that autograd says 7. For networks,
# whose losses are not convex, this says nothing.
#
# <details><summary>Key to the questions</summary>
#
# (i) Only the number in the left title: a kink has no scale of its own. (ii) `relu(x) − relu(−x)`: left and right the
# slope is 1, and the dot is at 0. (`sqrt` has no dot: autograd says ∞.)
#
# </details>

# %% [markdown] id="loss-claim"
# ## 3 · The loss of the paper
#
# **Claim.** Most of the paper's analysis is about a network of one layer of *ReLUs*, the functions $\max(u,0)$. $X$
# holds one sample a row, $X_i$; the responses $y_i$ are *never positive*; $\lambda_1$ and $\lambda_2$ are the weights
# of two penalties, the *LASSO* and the *ridge* penalty.
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2+\lambda_1\|\beta\|_1+\lambda_2\|\beta\|^2,\qquad y\le 0. \quad(3)$$
#
# It is convex (Kumar 2023), and its minimiser, 0, lies on a kink.

# %% id="loss-predict"
votes.ask("preliminaries.loss")

# %% id="loss-reveal"
figure, ax = figures.new(size=(9, 3.6))
u = np.linspace(-1.5, 2.5, 401)
for y, style in ((-1.0, figures.NGDM), (0.0, figures.SMOOTH), (1.0, {"color": figures.PURPLE, "linestyle": "--"})):
    term = NeuronRegression([[1.0]], [y])
    ax.plot(u, term.value(u[:, None]), **style, label=f"yᵢ = {y:g}".replace("-", "−"))
ax.set(xlabel="u = Xᵢβ, the input of the i-th ReLU", ylabel="(yᵢ − max(u, 0))²", xlim=(-1.5, 2.5), ylim=(-0.2, 6))
figures.legend(ax, loc="upper left")
with reveal("One term of the loss, for three signs of its response"):
    picture = figures.show(
        figure,
        "yᵢ < 0: a kink that bends up. yᵢ = 0: a smooth joint. yᵢ > 0: a kink that bends down, as none of a convex "
        "function does.",
        alt="One term of the loss against u for three values of y: for −1 flat, then rising with a corner; for 0 flat, "
        "then rising smoothly; for 1 flat at 1, falling to 0 and rising again.",
    )
    display(picture)

# %% [markdown] id="loss-why"
# <details><summary>Why</summary>
#
# Let $y_i\le0$, $u=X_i\beta$ and $u^+=\max(u,0)$. The $i$-th term is $(|y_i|+u^+)^2$. $u^+$ is convex in $\beta$, and
# the square is convex and grows with $u^+\ge0$. So the term is convex. It is least where $u\le0$, so 0 is a minimiser.
# Where $u=0$ the slope across *rises* by $2|y_i|\|X_i\|$: **$|y|$ is the strength of the kinks**. With $y_i>0$ it
# *falls*.
#
# </details>

# %% [markdown] id="loss-verdict"
# **Verdict: holds.** 0 is the only minimiser if $\lambda_1+\lambda_2>0$, and on a kink if some $y_i<0$ or
# $\lambda_1>0$. Not shown: that (3) resembles the loss of a neural network. Its minimiser is known beforehand, and its
# best fit predicts 0, whatever the data. (Idea 7 walks on it.)

# %% [markdown] id="descent-claim"
# ## 4 · The best constant step
#
# **Claim.** The paper leans on lecture notes of Boyd et al.: a subgradient step may *raise* $f$, and often does. What
# is guaranteed concerns the best value so far. Let $f$ be convex and $G$-Lipschitz, $f^*$ its least value, and $R$ the
# distance from the start to a minimiser $\beta^*$. Then
#
# $$\min_{k<T} f(\beta_k)-f^*\;\le\;\frac{R^2}{2\eta T}+\frac{\eta G^2}{2}.$$

# %% id="descent-predict"
votes.ask("preliminaries.descent")

# %% [markdown] id="descent-play-note"
# **Play.** The loss is the mean $|X\beta-y|$: 60 samples, 10 parameters, data that fit exactly. So $f^*=0$.

# %% id="descent-play"
descent = explorers.subgradient_method()
descent

# %% id="descent-reveal"
objective, solution = problems.sharp_problem()  # mean |Xβ − y| with Xβ* = y: 60 equations, 10 unknowns
R, G, T = np.linalg.norm(solution), objective.lipschitz, 2000
lrs = np.geomspace(1e-4, 1, 60)
runs = trajectories.run(objective, np.zeros(10), lrs, T)
figure, ax = figures.new(size=(9, 3.8))
ax.loglog(lrs, runs.values[:-1].min(axis=0), **figures.NGDM, label="best of 2000 values")
ax.loglog(lrs, theory.best_value_bound(R, G, lrs, T), **figures.THEORY, label="bound")
ax.axvline(theory.best_constant_lr(R, G, T), **figures.THRESHOLD)
ax.text(1.1 * theory.best_constant_lr(R, G, T), 2.5, "R / (G√T)")
ax.set(xlabel="η", ylabel="best f − f*", xlim=(1e-4, 1))
figures.legend(ax, loc="upper center")
with reveal("Sixty learning rates, 2000 steps each"):
    picture = figures.show(
        figure,
        "Small steps crawl, large steps stall high. The bound is least at R/(G√T); this run is best at a smaller η.",
        alt="Best loss and bound against the learning rate on logarithmic scales: both fall, reach a minimum and rise "
        "again; the bound's minimum is marked.",
    )
    display(picture)

# %% id="descent-by-hand"
objective, solution = problems.sharp_problem()  # the mean |Xβ − y|, and its minimiser β*
R, G, T = np.linalg.norm(solution), objective.lipschitz, 2000  # β₀ = 0
beta, values = np.zeros(10), []
for _ in range(T):
    values.append(objective.value(beta))
    beta = beta - R / (G * np.sqrt(T)) * objective.subgradient(beta)
print(f"best value {min(values):.4f}, guaranteed {R * G / np.sqrt(T):.3f}; f rose in {sum(np.diff(values) > 0)} steps")

# %% [markdown] id="descent-why"
# **Why.** A subgradient step controls not the function but the *distance* to a minimiser:
#
# $$\|\beta_{k+1}-\beta^*\|^2\le\|\beta_k-\beta^*\|^2-2\eta\,\bigl(f(\beta_k)-f^*\bigr)+\eta^2G^2 .$$
#
# As long as $f(\beta_k)-f^*>\eta G^2/2$, the distance falls. Adding up $T$ of these inequalities gives the bound. Its
# first term falls with $\eta$, its second rises. They are equal at $\eta=R/(G\sqrt T)$, and the bound is then
# $RG/\sqrt{T}$.

# %% id="descent-theory"
for budget in (20, 200, 2000):
    lr = theory.best_constant_lr(R, G, budget)
    run = trajectories.run(objective, np.zeros(10), lr, budget)
    rises = int((np.diff(run.values) > 0).sum())
    bound, best = R * G / np.sqrt(budget), run.values[:-1].min()
    print(f"T = {budget:4d}   η = {lr:.4f}   bound RG/√T = {bound:.3f}   best {best:.4f}   f rises in {rises} steps")

# %% [markdown] id="descent-verdict"
# **Verdict: holds.** The subgradient method is no descent method, and the bound is about the *best* value, not the
# last. Not shown: that NGDM and gradient descent differ here. The bound holds for both, on any convex $G$-Lipschitz
# function.
#
# <details><summary>Key to the goals</summary>
#
# (i) $\eta=0.398$; at the next position, 0.417, $f$ rises in step 10. (ii) $\eta=0.00219$: best value 0.00068, bound
# 1.3, about 2000 times as much. The bound has to hold for every convex $G$-Lipschitz function; this one is far easier.
#
# </details>

# %% [markdown] id="steps-claim"
# ## 5 · Step-size schedules
#
# **Claim.** A step may depend on $k$. The paper tells three regimes apart: *constant*, *diminishing* and *reducing*.
# On a convex $G$-Lipschitz loss, diminishing steps, such as $\eta_k=0.3/\sqrt{k+1}$, take the best value to $f^*$ in
# the limit:
#
# $$\eta_k\to0,\qquad\sum_k\eta_k=\infty.\quad(4)$$
#
# Practice reduces: PyTorch's `StepLR` divides $\eta$ by ten, say, every so many steps. These steps have a *finite sum*,
# so the theorem of Davis et al. (2020) does not apply: it assumes (4), and a finite $\sum_k\eta_k^2$.

# %% id="steps-predict"
votes.ask("preliminaries.steps")

# %% [markdown] id="steps-play-note"
# **Play.** Now with noise in the data: $y=X\beta^*+{}$errors of size $\sigma$. Watch $0.3\cdot0.998^k$ too: its sum is
# 150, finite as well.

# %% id="steps-play"
noisy = explorers.noisy_steps()
noisy

# %% id="steps-reveal"
objective, solution = problems.sharp_problem()  # that of idea 4
schedules = {
    "0.01": trajectories.constant(0.01),
    "0.3/√(k+1)": trajectories.diminishing(0.3),
    "0.3·0.98ᵏ": trajectories.exponential_decay(0.3, 0.98),
    "0.3·0.8ᵏ": trajectories.exponential_decay(0.3, 0.8),
    "StepLR": trajectories.step_decay(0.3, every=100, factor=0.1),
}
sharp = {name: trajectories.run(objective, np.zeros(10), schedule, 1500) for name, schedule in schedules.items()}
figure, ax = figures.new(size=(9, 3.8))
colors = (figures.ORANGE, figures.BLUE, figures.VERMILLION, figures.PURPLE, figures.GREEN)
for (name, run), color in zip(sharp.items(), colors, strict=True):
    best = np.minimum.accumulate(run.values)
    ax.semilogy(run.steps, best, color=color)
    above = name in ("0.01", "0.3·0.98ᵏ")
    ax.text(1510, best[-1], f"{name}: {best[-1]:.1e}", va="bottom" if above else "top", color=color)
ax.set(xlim=(0, 1500), ylim=(1e-16, 10), xlabel="step k", ylabel="best f − f* so far")
with reveal("Five schedules on data that fit exactly"):
    caption = "On exact data, steps with a finite sum come closest, StepLR's too. Those that shrink too fast get stuck."
    alt = (
        "Best loss against the step on a logarithmic scale for five schedules. The geometric one with ratio 0.98 falls "
    )
    alt += "in a straight line to rounding level, StepLR in stairs; the others level off, the ratio 0.8 above 1."
    display(figures.show(figure, caption, alt=alt))

# %% id="steps-by-hand"
R, G = np.linalg.norm(solution), objective.lipschitz
beta, eta, travel = np.zeros(10), 0.3, 0.0
for _ in range(1500):
    beta, eta, travel = beta - eta * objective.subgradient(beta), 0.98 * eta, travel + eta
print(f"0.3·0.98ᵏ: sum of the steps {travel:.1f}, needed: {R / G:.2f} or more; f ends at {objective.value(beta):.0e}")

# %% [markdown] id="steps-why"
# **Why.** No iterate gets farther than $G\sum_k\eta_k$ from its start. With less *travel* than $R$ the run stops short,
# kinks or not. With enough, short late steps are what one wants. This loss is *sharp*: it grows at least in proportion
# to the distance from its minimiser. There the distance falls like $q^k$, if $q$ is close enough to 1 (Goffin 1977).
# How close depends on how sharp; noise makes the loss much flatter. Diminishing steps need not know.

# %% id="steps-theory"
directions = np.random.default_rng(1).standard_normal((20_000, 10))
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
for noise in (0.0, 0.5):
    loss, minimiser = problems.sharp_problem(noise)
    slopes = (loss.value(minimiser + 1e-6 * directions) - loss.value(minimiser)) / 1e-6
    print(f"σ = {noise}: slope away from the minimiser, least of 20 000 directions: {slopes.min():.3f}")
    for name, q, T in (("0.3·0.98ᵏ", 0.98, 1500), ("0.3·0.998ᵏ", 0.998, 10_000)):
        gap = trajectories.run(loss, np.zeros(10), trajectories.exponential_decay(0.3, q), T).values.min()
        print(f"   {name:10s} ends {max(gap - loss.value(minimiser), 0):.0e} above the least value")

# %% [markdown] id="steps-verdict"
# **Verdict: holds.** A finite sum forfeits the guarantee, and not only on paper: with noise, `StepLR` and
# $0.3\cdot0.98^k$ freeze, and sooner or later $0.3/\sqrt{k+1}$ overtakes them. What is lost is the guarantee, not
# always convergence: $0.3\cdot0.998^k$ arrives. Not shown: networks, and noise in the gradients.
#
# <details><summary>Key to the goals</summary>
#
# (i) At $\sigma=0$: 9.6e-16. (ii) At $\sigma=0.2$: StepLR freezes at 9.7e-5, $0.3/\sqrt{k+1}$ is at 9.9e-6 after 10 000
# steps.
#
# </details>

# %% [markdown] id="order-note"
# ## 6 · Note: the last bit
#
# NGDM seldom meets a kink, the paper grants. It disputes that kinks are therefore harmless. Here is one thing that they
# do. We run 1000 starts on a mean $|X\beta-y|$ in single precision, 32 bits, and once more with the columns of $X$ in
# the opposite order. Nothing changes but the order in which $X_i\beta$ is added up.

# %% id="order-picture"
rng = np.random.default_rng(0)
X, y = rng.standard_normal((40, 5)).astype(np.float32), rng.standard_normal(40).astype(np.float32)
starts = rng.standard_normal((1000, 5)).astype(np.float32)
forward = trajectories.run(LeastAbsolute(X, y), starts, 0.01, 300).iterates
backward = trajectories.run(LeastAbsolute(X[:, ::-1].copy(), y), starts[:, ::-1].copy(), 0.01, 300).iterates[..., ::-1]
apart = np.abs(forward - backward).max(axis=-1)  # (steps + 1, starts)
parted = apart[-1] > 1e-4
figure, ax = figures.new(size=(9, 3.2))
ax.semilogy(np.maximum(apart[:, ~parted], 1e-9)[:, :60], color="0.8", linewidth=0.8)
ax.semilogy(np.maximum(apart[:, parted], 1e-9), **figures.NGDM)
ax.set(xlim=(0, 300), ylim=(5e-10, 1e-2), xlabel="step k", ylabel="largest difference in β")
figures.show(
    figure,
    f"{(apart[-1] == 0).sum()} of 1000 runs stay the same to the last bit; {parted.sum()} part by more than 0.0001, "
    "each at one step.",
    alt="Difference between the two orders against the step on a logarithmic scale: most runs at the bottom, where "
    "it is 0; a few jump up by orders of magnitude within one step.",
)

# %% [markdown] id="order-verdict"
# A *residual* is a difference $X_i\beta-y_i$. When it is within rounding of 0, its sign depends on that order. Where
# the signs differ, the subgradients differ by $X_i/n$ or twice that, and the runs part by $\eta$ times as much. A
# gradient that changes slowly would differ by rounding only. Idea 9 compares NumPy and torch, in 32 and in 64 bits.

# %% [markdown] id="stop-here"
# ## You can stop here
#
# This is the end of the core. Below: four exercises, each with a check; then four collapsed ideas that go deeper (loss
# (3) in the plane, travel, machines, what $L$-smoothness asks for); the symbols, the ledger of the paper's claims, the
# tests of this notebook, and what to read next.

# %% [markdown] id="exercise-1"
# ## Exercises
#
# Replace each `...` by your code, run the cell, and read what it answers.
#
# ### 1 · The band
#
# In exact arithmetic, NGDM on $|x|$ from $x_0$ with a constant $\eta$ ends up jumping between two points, or lands on
# 0. Which two, and when does it land? Then run $x_0=0.5$ with $\eta=0.1$ in double precision, and explain what you see.


# %% id="exercise-1-stub" tags=["exercise"]
def band(x0, eta):
    """The two points between which NGDM on |x| ends up jumping: (above 0, below 0); (0, 0) if it lands."""
    ...


exercises.check("preliminaries.1", band)

# %% [markdown] id="exercise-1-hint"
# <details><summary>Hint</summary>
#
# Every step adds or takes away $\eta$. What stays the same? For the second part: is 0.1 a binary fraction?
#
# </details>

# %% [markdown] id="exercise-1-solution"
# <details><summary>Solution</summary>
#
# The remainder of $x_0$ on division by $\eta$ never changes. In Python `%` gives it between 0 and $\eta$, for negative
# $x_0$ too.
#
# ```python
# def band(x0, eta):
#     rest = x0 % eta
#     return (rest, rest - eta) if rest > 0 else (0.0, 0.0)
# ```
#
# It lands on 0 from the multiples of $\eta$, and stays there because sign(0) = 0. In double precision 0.5 is exact, but
# 0.1 is not a binary fraction. Five subtractions leave $2.8\cdot10^{-17}$ instead of 0, and its sign sends the iterate
# off again. With $\eta=1/8$ and $x_0=1/2$ it lands.
#
# </details>

# %% [markdown] id="exercise-2"
# ### 2 · Autograd says 7
#
# Write $|x|$ as a program of additions, products and `relu`, whose derivative at 0, according to autograd, is 7.

# %% id="exercise-2-stub" tags=["exercise"]
# Needs PyTorch: the exercise in which autograd says 7
import torch


def absolute(x):
    """|x| of a tensor x, as a program whose autograd derivative at 0 is 7."""
    ...


exercises.check("preliminaries.2", absolute)

# %% [markdown] id="exercise-2-hint"
# <details><summary>Hint</summary>
#
# Add something that is 0 everywhere and whose derivative, according to autograd, is not.
#
# </details>

# %% [markdown] id="exercise-2-solution"
# <details><summary>Solution</summary>
#
# ```python
# import torch
#
#
# def absolute(x):
#     zero = x - (torch.relu(x) - torch.relu(-x))
#     return torch.relu(x) + torch.relu(-x) + 7 * zero
# ```
#
# `zero` is 0 for every $x$, but its autograd derivative at 0 is $1-0$. NGDM on this program is not the subgradient
# method at that one point.
#
# </details>

# %% [markdown] id="exercise-3"
# ### 3 · Polyak's step
#
# Polyak's step is $\eta_k=(f(\beta_k)-f^*)/\|g_k\|^2$, with the subgradient $g_k$. It minimises the right-hand side of
# the inequality in idea 4 over $\eta$, with $\|g_k\|$ for $G$. It needs $f^*$ and nothing else. What would you do if
# $f^*$ is not known?


# %% id="exercise-3-stub" tags=["exercise"]
def polyak_step(beta, value, g, lowest):
    """The next iterate from beta, where f has this value and the subgradient g, and its least value is lowest."""
    ...


exercises.check("preliminaries.3", polyak_step)

# %% [markdown] id="exercise-3-hint"
# <details><summary>Hint</summary>
#
# $\|g\|^2$ is `g @ g`. At a minimiser it may be 0: then stay.
#
# </details>

# %% [markdown] id="exercise-3-solution"
# <details><summary>Solution</summary>
#
# ```python
# def polyak_step(beta, value, g, lowest):
#     if value <= lowest:
#         return beta
#     return beta - (value - lowest) / (g @ g) * g
# ```
#
# On a sharp loss it converges linearly without any tuning: the check compares it with $0.3\cdot0.98^k$. With an
# estimate of $f^*$ that is too low it stalls; with one that is too high it stops there. The usual answer is a moving
# target: the best value so far minus some gap, with the gap reduced whenever progress stops.
#
# </details>

# %% [markdown] id="exercise-4"
# ### 4 · Your own schedule
#
# The same loss as in idea 4, but with the minimiser ten times as far away. None of the schedules of idea 5 arrives.
# Write one that does: below $10^{-6}$ in 1500 steps, with no step above 0.3.


# %% id="exercise-4-stub" tags=["exercise"]
def schedule(k):
    """The step size ηₖ of step k = 0, 1, 2, …; at most 0.3."""
    ...


exercises.check("preliminaries.4", schedule)

# %% [markdown] id="exercise-4-hint"
# <details><summary>Hint</summary>
#
# First travel, then shrink. How much travel is needed at least? $R/G$ is 25 here.
#
# </details>

# %% [markdown] id="exercise-4-solution"
# <details><summary>Solution</summary>
#
# ```python
# def schedule(k):
#     return 0.3 * 0.98 ** max(0, k - 200)
# ```
#
# 200 steps of 0.3 have a sum of 60, more than twice the least travel. Then the steps shrink as fast as the distance.
# `StepLR` with a tenth every 200 steps arrives as well; every 100 steps it sticks.
#
# </details>

# %% [markdown] id="plane-claim"
# ## 7 · Deeper: loss (3) in the plane
#
# Move its signs, penalties and kinks, and look for a segment on which it is not convex.

# %% [markdown] id="plane-says"
# $$f(\beta)=\|y-\max(X\beta,0)\|^2+\lambda_1\|\beta\|_1+\lambda_2\|\beta\|^2,\qquad y\le 0. \quad(3)$$

# %% [markdown] id="plane-play-note"
# **Play.** The right panel shows, of 5000 segments, the one on which the loss rises highest above its chord. (i) With
# all $y_i\le0$, try to make the number in the right title positive (beyond rounding). (ii) With one $y_i>0$ and
# $|y|>0$, try to make it vanish by raising $\lambda_2$. What remains on the black segment? (iii) In which settings is
# there more than one minimiser?

# %% id="plane-play"
plane = explorers.relu_loss()
plane

# %% [markdown] id="plane-why"
# **Why.** For $y_i\le0$ each term is $(|y_i|+u^+)^2$ with $u=X_i\beta$ and $u^+=\max(u,0)$. It is at least $y_i^2$,
# with equality if and only if $u\le0$. So 0 is a minimiser. It is the *only* one if $\lambda_1+\lambda_2>0$, or if no
# $\beta\ne0$ has $X\beta\le0$. With non-negative data and no penalty, every $\beta$ without a positive entry is a
# minimiser.
#
# Across the kink $X_i\beta=0$ the slope *rises* by $2|y_i|\,X_i$: $|y|$ is the strength of the kinks. $y=0$ removes
# them, and leaves those of $\lambda_1$.
#
# With $y_i>0$ the slope *falls* by $2y_i\,X_i$ there. No smooth term makes up for a falling slope, however strongly it
# curves: on a short enough segment the kink wins. Only another kink along the same hyperplane could make up for it.

# %% id="plane-theory"
rng = np.random.default_rng(0)
X, y = rng.uniform(-1, 1, (20, 3)), -rng.uniform(0, 1, 20)
on_kink = np.linalg.svd(X[:1])[2][1]  # a point on the first kink: X[0]·on_kink = 0
for strength in (0.0, 0.5, 1.0):
    term = ReLURegression(X[:1], strength * y[:1])
    ahead, behind = (term.subgradient(on_kink + side * 1e-7 * X[0]) for side in (1, -1))
    print(f"|y₁| = {-strength * y[0]:.3f}   slope jump {np.linalg.norm(ahead - behind):.4f}   "
          f"2|y₁|‖X₁‖ = {2 * -strength * y[0] * np.linalg.norm(X[0]):.4f}")  # fmt: skip

# %% [markdown] id="plane-verdict"
# **Verdict.** (3) is convex for $y\le0$: **holds**, with the condition for uniqueness added.
#
# <details><summary>Key to the questions</summary>
#
# (i) It stays within rounding of 0, below $10^{-14}$: the loss is convex. (ii) It shrinks, but not to 0: with
# $\lambda_1=0$ and $\lambda_2$ from 0 to 2, from 0.40 to 0.30 for $|y|=2$, from 0.008 to 0.0027 for $|y|=0.1$. A peak
# remains in the middle, on the kink $X_1\beta=0$. (iii) $\lambda_1=\lambda_2=0$, all $y_i\le0$, either $X$: the whole
# cone $X\beta\le0$ is optimal.
#
# </details>

# %% [markdown] id="travel-claim"
# ## 8 · Deeper: travel, and the ratio that arrives
#
# Which finite sums arrive, and is that different without kinks?

# %% [markdown] id="travel-says"
# **Claim.** On a differentiable loss, the paper says, gradient descent comes within some vicinity of the optimum even
# if its steps are geometric, $\eta_k=\eta_0q^k$. It also says that a reducing schedule ends as a constant-step run, and
# therefore studies constant steps only.

# %% [markdown] id="travel-play-note"
# **Play.** The second goal needs what $0.3/\sqrt{k+1}$ reaches (its mark). *Question.* On ½x², when do the geometric
# steps stop short as well?

# %% id="travel-play"
steps = explorers.step_sizes()
steps

# %% [markdown] id="travel-why"
# **Why.** No iterate gets farther from its start than $G\sum_k\eta_k$. If that *total travel* is less than the distance
# $R$, the method stops short. Enough travel is necessary, not sufficient: steps are shorter than $G\eta_k$ and do not
# all point at the minimiser. See $q=0.9$ below.
#
# Smoothness is no help. On ½x², gradient descent multiplies $x$ by $\prod_k(1-\eta_k)$, which stays away from 0 for
# every finite $\sum\eta_k$, if no $\eta_k$ is 1.

# %% id="travel-theory"
sharp_loss, far = problems.sharp_problem()
needed = np.linalg.norm(far) / sharp_loss.lipschitz
for q in (0.8, 0.9, 0.98):
    half = trajectories.run(Quadratic([[1.0]]), [1.0], trajectories.exponential_decay(0.3, q), 1500)
    product = np.prod(1 - 0.3 * q ** np.arange(1500))
    best = problems.best_on_sharp(trajectories.exponential_decay(0.3, q))
    print(f"q = {q:4.2f}   Σηₖ = {0.3 / (1 - q):4.1f}   sharp loss: needed ≥ R/G = {needed:.2f}, best {best:.1e}")
    print(f"           ½x² from 1 ends at {half.iterates[-1, 0]:.4g}   Π(1 − ηₖ) = {product:.4g}")

# %% [markdown] id="travel-verdict"
# **Verdict.** That geometric steps bring gradient descent near the optimum on a differentiable loss is **imprecise**:
# how near depends on the travel, and the same is true of NGDM. That the last phase of a reducing schedule is a
# constant-step run **holds**, by definition.
#
# <details><summary>Key to the goals and the question</summary>
#
# (i) $q=0.924$ arrives, 0.923 sticks at 0.011. (ii) Reduce too soon ($q=0.1$ every 10 steps: too little travel, best
# 0.36) or too late ($q=0.98$ every 300: nearly constant, 0.060); $0.3/\sqrt{k+1}$ gets to 0.0027. (iii) $q=0.99$, for
# example: the steps must shrink more slowly than without noise. On ½x²: $q=0.8$, where $x$ ends at
# $\prod_k(1-\eta_k)=0.19$, the loss at 0.019.
#
# </details>

# %% [markdown] id="machines-claim"
# ## 9 · Deeper: one call, three machines
#
# Where rounding decides a sign, and what a hundred thousand runs in one call cost.

# %% [markdown] id="machines-says"
# `trajectories.run` is written once. NumPy arrays run in NumPy, torch tensors run where they live, on the CPU or a GPU.
# Two libraries may add up $X_i\beta$ in a different order, and so round differently.

# %% id="machines-predict"
votes.ask("preliminaries.machines")

# %% id="machines-reveal"
# Needs PyTorch: how far the same 1000 runs in NumPy and in torch come apart, and the picture of it
import torch

rng = np.random.default_rng(0)
X, y = rng.standard_normal((40, 5)).astype(np.float32), rng.standard_normal(40).astype(np.float32)
starts = rng.standard_normal((1000, 5)).astype(np.float32)
in_numpy = trajectories.run(LeastAbsolute(X, y), starts, 0.01, 300).iterates
tensors = LeastAbsolute(torch.from_numpy(X), torch.from_numpy(y))
in_torch = trajectories.run(tensors, torch.from_numpy(starts), 0.01, 300).iterates.numpy()
gap = np.abs(in_numpy - in_torch).max(axis=-1)  # (steps + 1, starts)
wide = [array.astype(np.float64) for array in (X, y, starts)]
doubled = [
    np.asarray(trajectories.run(LeastAbsolute(to(wide[0]), to(wide[1])), to(wide[2]), 0.01, 300).iterates)
    for to in (np.asarray, torch.as_tensor)
]
figure, ax = figures.new(size=(9, 4))
ax.semilogy(np.maximum(gap[:, rng.choice(1000, 60, replace=False)], 1e-9), color="0.8", linewidth=0.8)
ax.semilogy(np.maximum(gap[:, int(gap[-1].argmax())], 1e-9), **figures.NGDM)
ax.set(xlim=(0, 300), ylim=(1e-9, 1e-2), xlabel="step k", ylabel="NumPy against torch, largest entry")
with reveal("1000 runs in two libraries, in single and in double precision"):
    print(f"single: more than 1e-4 apart {(gap[-1] > 1e-4).sum()}, median {np.median(gap[-1]):.0e}")
    print(f"double: more than 1e-4 apart {(np.abs(doubled[0] - doubled[1])[-1].max(axis=-1) > 1e-4).sum()}")
    caption = "Rounding stays at rounding level until a residual has another sign in one library than in the other."
    alt = "Difference between the libraries against the step, on a logarithmic scale: one run jumps up within one step."
    display(figures.show(figure, caption, alt=alt))

# %% [markdown] id="machines-why"
# **Why.** The residuals differ in the last bit. That is harmless until one of them is within rounding of 0. Then its
# sign may differ, and with it the subgradient. If one library lands *on* the kink, where sign(0) = 0, and the other a
# bit beside it, the subgradients differ by $X_i/n$: one row of $X$, over the $n$ samples.

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
        f"the gap is {gap[jump, run]:.2e}, η‖Xᵢ‖_∞/n = {0.01 * np.abs(X[row]).max() / 40:.2e}"
    )
single = np.stack([trajectories.run(LeastAbsolute(X, y), one, 0.01, 300).iterates[-1] for one in starts[:200]])
print(f"NumPy alone: a run by itself and in the batch differ by up to {np.abs(single - in_numpy[-1, :200]).max():.1e}")
print(f"double precision, all 1000 runs: they differ by {np.abs(doubled[0] - doubled[1]).max():.1e} at most")

# %% [markdown] id="machines-float-note"
# How often is a network exactly *at* a kink? 500 handwritten digits pass a random layer of 64 ReLUs, in 16, 32 and 64
# bits, twenty times each.

# %% id="machines-float"
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

# %% id="machines-speed-table"
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
# **Verdict.** The remark that NGDM seldom meets a kink **holds**: the counts above are a handful in millions, and the
# ledger of notebook 3 counts on (7). But within rounding of a kink the last bit decides the step. In single precision,
# expect the same run to differ between libraries, and between a batch and a single run in one library: by rounding
# mostly, and by thousands of times more now and then. In double precision none of our 1000 runs does.
#
# Bertoin et al. (2021) found that the convention for relu′(0) changes what backpropagation returns. In 16 bits it
# always did, in 32 bits in about half of their cases, in 64 bits never. Our layer is far smaller than their networks:
# its count shows the mechanism.

# %% [markdown] id="smoothness-claim"
# ## 10 · Deeper: what $L$-smoothness asks for
#
# Five remarks of the paper's Section 2 about smoothness, each with its verdict.

# %% [markdown] id="smoothness-says"
# **Claim.** $L$-smoothness guarantees first and second derivatives, and is one of the strongest assumptions that one
# can make of a function, after convexity. Most analyses make it, Reddi et al. (2019) among them. So the vast literature
# on gradient descent likely has little bearing on networks with kinks. The transformer of 2017, the paper adds, uses
# the smooth GELU, $x$ times the normal distribution function.

# %% id="smoothness-picture"
figure, axes = figures.new(2, size=(10, 3.4))
grid = np.linspace(-2.5, 2.5, 1001)
huber = Huber(np.eye(1), np.zeros(1), delta=1.0, reduction="sum")
slope_of = {"Huber, δ = 1": huber.subgradient(grid[:, None])[:, 0], "x²/2 + x⁴/4": grid + grid**3}
for (name, slope), style in zip(slope_of.items(), (figures.NGDM, figures.SMOOTH), strict=True):
    axes[0].plot(grid, slope, **style, label=name)
    axes[1].plot(grid[1:], np.diff(slope) / np.diff(grid), **style)
axes[0].set(xlabel="x", ylabel="f′(x)", xlim=(-2.5, 2.5), ylim=(-8, 8))
axes[1].set(xlabel="x", ylabel="f″(x)", xlim=(-2.5, 2.5), ylim=(0, 12))
figures.legend(axes[0], loc="upper left")
figures.show(
    figure,
    "Huber's function is 1-smooth, and its second derivative jumps. The polynomial has all derivatives, and no L.",
    alt="Two panels against x, the first and second derivative of two functions. Huber's first derivative is a ramp "
    "with two corners, its second jumps from 1 to 0; the polynomial's second derivative is a parabola without bound.",
)

# %% id="smoothness-theory"
for radius in (1.0, 10.0, 100.0):
    x = np.linspace(-radius, radius, 2001)
    of_huber = np.diff(huber.subgradient(x[:, None])[:, 0]) / np.diff(x)
    of_polynomial = np.diff(x + x**3) / np.diff(x)
    print(f"L on [−{radius:g}, {radius:g}]:   Huber {of_huber.max():.3g}   x²/2 + x⁴/4 {of_polynomial.max():.3g}")

# %% [markdown] id="smoothness-why"
# **Why.** $L$-smoothness bounds the rate at which the *gradient* changes. A ramp with a corner changes at a bounded
# rate, and has no derivative at the corner. A polynomial has all derivatives, but its slope changes faster and faster.
# So neither property implies the other. On a bounded set, every function with a continuous second derivative is
# $L$-smooth for some $L$.

# %% [markdown] id="smoothness-verdict"
# **Verdicts**, measured in the ledger below.
#
# | | the paper says | verdict |
# |:--|:--|:--|
# | P7 | $L$-smoothness guarantees a second derivative | **wrong**: almost everywhere only |
# | P8 | the transformer of 2017 uses GELU | **wrong**: its layers are $\max(0,\cdot)$ |
# | P9 | Reddi et al. assume $L$-smoothness | **wrong**: convexity and bounded gradients, so kinks are allowed |
# | P10 | it is one of the strongest assumptions | **imprecise**: global, but not comparable with having derivatives |
# | P11 | what is known has little bearing on kinks | **imprecise**: it says as little of a steep smooth double |
#
# Of Reddi et al. and the three others that the paper names, we read the abstracts only.

# %% [markdown] id="symbols"
# ## Symbols
#
# | symbol | meaning |
# |:--|:--|
# | $f$, $f^*$ | the loss; its least value |
# | $\beta$, $\beta_k$, $\beta^*$ | the parameters, $p$ numbers; after $k$ steps; a minimiser |
# | $\beta'$, $x'$ | a second point of the same kind |
# | $x$, $x_k$ | the variable of a loss of one number, in place of $\beta$ |
# | $k$, $T$ | number of a step, from 0; number of steps |
# | $\eta$, $\eta_k$ | learning rate, or step size; of step $k$ |
# | $q$ | ratio of a geometric schedule, $\eta_k=\eta_0q^k$; in `StepLR`, the factor of a reduction |
# | $\nabla f$, $\tilde\nabla f$, $g$, $g_k$ | gradient; what autograd returns; a subgradient; that of step $k$ |
# | $L$ | bound on the curvature ($L$-smooth) |
# | $G$ | bound on the slope ($G$-Lipschitz) |
# | $R$ | distance from the start to a minimiser |
# | $X$, $X_i$, $n$, $p$ | data matrix, one sample a row; row $i$; number of samples; of parameters |
# | $y$, $y_i$ | responses; that of sample $i$ |
# | $u$, $u^+$ | $X_i\beta$, the input of the $i$-th ReLU; $\max(u,0)$ |
# | $\lambda_1$, $\lambda_2$ | weights of the LASSO and of the ridge penalty |
# | $\delta$ | half-width of the quadratic part of Huber's function |
# | $\sigma$ | size of the errors in $y$ |

# %% [markdown] id="ledger-note"
# ## The ledger of this notebook
#
# Every row is measured when the cell runs. Where the paper's formula is not printed in the text that we have, the row
# says *reconstructed*.

# %% id="ledger"
claims.ledger("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13")

# %% [markdown] id="tests"
# ## The tests of this notebook
#
# These cells move every slider to its ends, marks and goals, and assert what the text says.

# %% id="recursions-check" tags=["check"]
recursions.drive()
for lr in (1e-3, 0.1, 0.999):
    ends = trajectories.run(Quadratic([[2.0]]), [1.73], lr, 100_000, record_every=100_000).iterates
    assert abs(ends[-1, 0]) < 1e-12  # lands below 2/L = 1
    band_of_ends = problems.last_norms(trajectories.run(L1Norm(1.0), [1.73], lr, 4000))
    assert np.isclose(band_of_ends.mean(), lr / 2, rtol=1e-9)  # ends in the band, for every η

five, whole = (trajectories.run(L1Norm(1.0), [0.5], lr, 5).iterates[-1, 0] for lr in (0.1, 0.125))
assert 2.7e-17 < five < 2.8e-17 and whole == 0  # exercise 1: 0.1 is not a binary fraction

# %% id="kinks-check" tags=["check"]
# Needs PyTorch: the check of autograd's derivatives
subdifferential.drive()
found = {name: derivative for name, (_, _, derivative) in kinks.items()}
assert (found["relu"], found["maximum(x, 0)"]) == (0, 0.5)
assert found["clamp(min=0)"] in (0, 1)  # by version
assert found["abs"] == found["norm"] == 0 and found["sqrt"] == np.inf
assert found["relu(x) − relu(−x)"] == 0  # the function is x: its derivative is 1

# %% id="descent-check" tags=["check"]
descent.drive()
R, G, T = np.linalg.norm(solution), objective.lipschitz, 2000
assert (np.diff(runs.values, axis=0) > 0).any(axis=0).mean() > 0.5  # for most η, some step goes up
k = np.arange(1.0, T + 1)[:, None]
best = np.minimum.accumulate(runs.values[:-1], axis=0)
assert (best <= theory.best_value_bound(R, G, lrs, k)).all()  # 60 learning rates, 2000 budgets
distance = np.linalg.norm(runs.iterates - solution, axis=-1) ** 2
right = distance[:-1] - 2 * lrs * runs.values[:-1] + lrs**2 * G**2
assert (distance[1:] <= right + 1e-9).all()  # the line that is added up

# %% id="steps-check" tags=["check"]
noisy.drive()
best = {name: run.values.min() for name, run in sharp.items()}
assert best["0.3·0.98ᵏ"] < 1e-13 and best["0.3/√(k+1)"] / best["0.3·0.98ᵏ"] > 1e10
assert best["0.3·0.8ᵏ"] > 1 and best["0.01"] > 1e-3 and best["StepLR"] < 1e-13
travelled = np.linalg.norm(np.diff(sharp["0.3·0.8ᵏ"].iterates, axis=0), axis=-1).sum()
assert travelled <= 0.3 / (1 - 0.8) * G + 1e-12  # total travel ≤ GΣη

# %% id="order-check" tags=["check"]
assert np.median(apart[-1]) < 1e-6  # most runs: rounding, or less; how many part depends on the processor

# %% id="plane-check" tags=["check"]
plane.drive()
rng = np.random.default_rng(0)
X, y = rng.uniform(-1, 1, (20, 3)), -rng.uniform(0, 1, 20)
for strength, lam1, lam2 in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (3.0, 2.0, 0.0), (3.0, 0.0, 2.0)):
    assert problems.midpoint_gap(ReLURegression(X, strength * y, lam1, lam2), 3) < 1e-12  # convex
flipped = np.where(np.arange(20) == 0, 2.0, y)
assert problems.midpoint_gap(NeuronRegression(X, flipped), 3) > 0.01  # not convex …
for lam1, lam2 in ((0.0, 0.0), (2.0, 2.0), (200.0, 200.0)):  # … whatever λ₁ and λ₂ are
    bent, half = NeuronRegression(X, flipped, lam1=lam1, lam2=lam2), 1e-4 * X[0]
    assert bent.value(on_kink) > (bent.value(on_kink + half) + bent.value(on_kink - half)) / 2

# %% id="travel-check" tags=["check"]
steps.drive()

# %% id="machines-check" tags=["check"]
# Needs PyTorch: the check of the gaps between NumPy and torch
assert np.median(gap[-1]) < 1e-6  # most runs: rounding
if (gap[-1] > 1e-4).any():  # the few that jump: which ones, and whether any, depends on the processor's rounding
    jumped = int(gap[-1].argmax())
    jump = int(np.argmax(gap[:, jumped] > 1e-5))
    assert gap[jump, jumped] > 100 * max(gap[jump - 1, jumped], 1e-9)
assert np.abs(doubled[0] - doubled[1]).max() < 1e-9  # double precision: no flip

# %% [markdown] id="read-next"
# ## Read next
#
# * S. K. Kumar, *GD doesn't make the cut*, Section 1: the terms in the paper's words.
# * S. Boyd, L. Xiao and A. Mutapcic, *Subgradient methods* (2003): the inequality of idea 4 and all that follows from
#   it.
# * D. Bertoin, J. Bolte, S. Gerchinovitz and E. Pauwels, *Numerical influence of ReLU'(0) on backpropagation* (2021).
# * J. Bolte and E. Pauwels, *A mathematical model for automatic differentiation in machine learning* (2020): why
#   autograd's exceptions are harmless almost everywhere, and more ways to write a ReLU.
# * Notebook 3: the same band as in idea 1, and what an ℓ1 penalty makes of it.
