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
# Section 4 of *GD doesn't make the cut* (Kumar, arXiv 2401.08426) asks what gradient descent does at learning rates
# that classical theory calls too large. Its example, Huber's loss far beyond $2/L$, is real and worth playing with.
# Most of the conclusions that the paper draws from it do not follow. Why they do not is what this notebook teaches.
#
# | | Idea | Afterwards you can | Minutes |
# |:--|:--|:--|--:|
# | 1 | Past 2/L, growth decides | tell from a loss's growth whether gradient descent diverges | 16 |
# | 2 | The phenomenon, and its ruler | say what the Edge of Stability is, and measure it on a network with kinks | 18 |
# | 3 | Huber's loss | predict how long the loss rises, and where it settles | 18 |
# | 4 | A bound on the best value | say what such a bound proves, and what it does not | 11 |
# | 5 | A toy problem? | say what a toy problem must have to show the Edge of Stability | 12 |
#
# **Assumed:** notebooks 1 and 3; from notebook 2 that a loss is *$L$-smooth* if its gradient is $L$-Lipschitz, equation
# (5); eigenvalues. NumPy.
#
# *Run all cells first (Run → Run All Cells; less than a minute). Every picture with sliders is live: drag, use the
# arrow keys, click a mark, or press ▶.*

# %% id="imports"
import numpy as np
from IPython.display import display

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import PowerTail, Product, Separable, Trough
from ngdm_helpers.course import claims, exercises, explorers, problems, recorded, votes
from ngdm_helpers.live import reveal
from ngdm_helpers.objectives import Huber, Quadratic

# %% [markdown] id="growth-claim"
# ## 1 · Past 2/L, growth decides
#
# **Claim.** For the paper the Edge of Stability is a number, $2/\lambda_{\max}$ of the Hessian: it separates stable
# from unstable learning rates. Gradient descent on **Huber's function**,
#
# $$h_\delta(x)=\tfrac12x^2\ \text{ for }|x|\le\delta,\qquad h_\delta(x)=\delta(|x|-\tfrac12\delta)\ \text{ beyond},$$
#
# stays bounded past it. The paper calls $h_\delta$ non-smooth, since its second derivative jumps at $\pm\delta$, and
# warns against carrying results for $L$-smooth losses over to it. Among them is the explanation of Ma, Kunin, Wu and
# Ying (2022): *subquadratic growth*, a loss that grows more slowly than a quadratic.

# %% id="growth-predict"
votes.ask("edge_of_stability.growth")

# %% id="growth-play"
growth = explorers.growth_decides()
growth

# %% id="growth-reveal"
one = problems.ONE_D_HUBER  # h_δ with δ = 1
shapes = {  # all with f″(0) = 1, so that 2/L = 2 near 0
    "Huber, δ = 1": (one, figures.NGDM),
    "log-cosh": (Separable("log-cosh"), figures.SMOOTH),
    "x²/2": (Quadratic([[1.0]]), {"color": figures.BLACK, "linestyle": ":"}),
    "x²/2 + x⁴/4": (Separable("x²/2 + x⁴/4"), {"color": figures.PURPLE, "linestyle": "-."}),
}
with reveal("What happens"):
    for name, (loss, _) in shapes.items():
        print(f"{name:13s}", end="")
        for lr in (1.95, 2.1, 2.5):
            x = np.abs(trajectories.run(loss, [0.01], lr, 3000, on_overflow="ignore").iterates[-2:, 0])
            end = "diverges" if not x.max() < 1e6 else f"|x| ends at {x[0]:.3f}, {x[1]:.3f}"
            print(f"   η = {lr:4.2f}: {end:26s}", end="")
        print()

# %% id="growth-secant-reveal"
with reveal("And why: the secant slopes"):
    figure, ax = figures.new(size=(9, 3.6))
    x = np.linspace(1e-3, 3, 300)
    for name, (loss, style) in shapes.items():
        ax.plot(x, loss.subgradient(x[:, None])[:, 0] / x, **style, label=name)
    ax.axhline(2 / 2.5, **figures.THEORY, label="2/η for η = 2.5")
    ax.set(xlabel="|x|", ylabel="secant slope f′(x)/x", ylim=(0, 2), xlim=(0, 3))
    figures.legend(ax, loc="upper right")
    display(
        figures.show(
            figure,
            "Far out the secant slope of Huber and of log-cosh is below 2/η, and their runs are caught. For the "
            "other two it never is, and their runs diverge.",
            alt="Secant slopes of four losses against |x|: falling for Huber and log-cosh, constant for the parabola, "
            "rising with the quartic term. A dashed line at 0.8 crosses the first two only.",
        )
    )

# %% [markdown] id="growth-why"
# **Why.** A step is $x-\eta f'(x)=\bigl(1-\eta\frac{f'(x)}{x}\bigr)x$. So what counts is the *secant slope* $f'(x)/x$.
# For the parabola it is $f''(0)$ everywhere: past $2/f''(0)$ every step makes $|x|$ larger. On Huber and log-cosh it
# falls, from 1 to 0. Where it is below $2/\eta$, a step makes $|x|$ smaller. In between, where $f'(a)/a=2/\eta$, the
# step leads from $a$ to $-a$: a 2-cycle. Huber's may be lopsided, with $a$ between its two sizes (idea 3). No second
# derivative occurs.

# %% id="growth-by-hand"
slopes = {"x²/2": lambda x: x, "log-cosh": np.tanh, "Huber, δ = 1": lambda x: np.clip(x, -1, 1)}
for name, slope in slopes.items():
    x, eta = 0.01, 2.5
    for _ in range(100):
        before, x = x, x - eta * slope(x)  # gradient descent, one line a step
    print(f"{name:12s}   last two x: {before:9.2g}, {x:9.2g}   secant slope {slope(x) / x:.3f}, 2/η = {2 / eta}")

# %% [markdown] id="growth-verdict"
# **Verdict: wrong** about smoothness: Huber's gradient is Lipschitz, so it *is* $L$-smooth by the paper's (5). It
# converges below $2/L$, as theory promises; above, theory is silent. Log-cosh, with every derivative, ends at ±0.888 at
# η = 2.5. **Imprecise** about $2/\lambda_{\max}$ and about Ma et al. Not shown: what networks do.
#
# <details><summary>Reasons: the number, the counterexample</summary>
#
# *The number.* For a convex $L$-smooth loss with a minimiser, $\eta<2/L$ suffices for convergence, and
# $2/\lambda_{\max}$ at a minimum decides whether a run stays next to it. That nothing larger will do is true of
# quadratics. It is also about *constant* steps: see idea 13.
#
# *The counterexample.* The abstract of Ma et al. says that the loss grows subquadratically “in a neighborhood of
# minima”. Huber's function is exactly quadratic near 0 and grows subquadratically beyond. So far the objection is
# right. But some subquadratic growth is necessary. In one dimension, if $f'(x)/x\ge f''(0)$ everywhere, then past
# $2/f''(0)$ every step multiplies $|x|$ by more than 1, and the run diverges: see idea 7. Their Definition 4.1 was not
# read.
#
# </details>
# <details><summary>Key to the goal</summary>
#
# (i) $\eta=2/\tanh1=2.626$; at 2.63 the 2-cycle is $\pm1.003$.
#
# </details>

# %% [markdown] id="phenomenon-claim"
# ## 2 · The phenomenon, and its ruler
#
# **Claim.** The paper takes the Edge of Stability to be derived for $L$-smooth losses, demonstrated “in most convex
# optimization settings”, and only conjectured for networks with kinks, although the section begins with what others
# found on networks. We train a small network by gradient descent on 500 digits, with all of them at every step. Its
# *sharpness* is the largest eigenvalue of the Hessian of its loss, the *top eigenvector* the direction that belongs to
# it.

# %% id="phenomenon-predict"
votes.ask("edge_of_stability.phenomenon")

# %% id="phenomenon-play"
sharpness = explorers.recorded_sharpness()
sharpness

# %% id="phenomenon-reveal"
with reveal("What happens"):
    print("activation     η     2/η   sharpness: at step 0, in the last quarter of 4000 steps")
    for row in sorted(recorded.load("edge_of_stability"), key=lambda row: (row["activation"], row["lr"])):
        over = row["overflow_step"]
        found = f"{row['sharpness']:12.2f}" if over is None else f"   overflows at step {over}"
        first = row["curves"]["sharpness"]["values"][0]
        print(f"{row['activation']:10s} {row['lr']:5g} {2 / row['lr']:7.2f} {first:9.2f} {found}")

# %% [markdown] id="phenomenon-why"
# **Why.** *Progressive sharpening*: while $\eta\lambda_{\max}<2$, training moves to regions of higher curvature; why is
# understood only in special models. *Self-stabilisation* (Damian, Nichani and Lee 2023): once $\eta\lambda_{\max}>2$,
# the iterate oscillates along the top eigenvector with growing size, and a large oscillation drives it to where the
# curvature is smaller. Idea 1 is a simpler relative: there the oscillation itself meets a flatter slope.

# %% [markdown] id="phenomenon-verdict"
# **Verdict: wrong** about the conjecture. The Edge of Stability (Cohen et al. 2021) was observed, on ReLU networks too:
# the sharpness comes to about $2/\eta$ and stays there, while the loss goes up and down and falls in the long run. Here
# it does so in 12 of 15 runs. Not shown: large networks, other data, *why* it rises.
#
# <details><summary>Reasons: who rises, who does not, and “most convex settings”</summary>
#
# *Not all rise.* Tanh from $\eta=0.2$ on and ReLU at 0.4 start above $2/\eta$ and come down.
#
# *The other three.* ReLU at 0.05 stays below for 4000 steps. ReLU at 0.1 passes $2/\eta=20$, up to 21.4, and bounces
# there, but its Hessian settles at 17.7: the next question is about that ruler. Tanh at 0.4 overflows:
# $\eta\lambda_{\max}$ starts at 5.5 there, so that a step multiplies the top component by about $-4.5$.
#
# *“Most convex settings”* (the paper cites Jacot et al. 2018 and Li and Liang 2018) is imprecise. These papers are
# about wide networks, whose loss is not convex. In the limit of infinite width, on a square loss and in the scaling
# that they use, training is linear least squares, and the sharpness does not move. Row E12 of the ledger measures both.
#
# *How it is measured.* By Lanczos iterations, which find the largest eigenvalue from products of the Hessian with
# vectors (`scipy.sparse.linalg.eigsh`). One initialisation for each run.
#
# </details>
# <details><summary>Key to the goals</summary>
#
# (i) ReLU at $\eta=0.05$: sharpness at most 26.8, $2/\eta=40$. (ii) tanh at 0.4, at step 17. At 0.3, where
# $\eta\lambda_{\max}$ starts at 4.2, the run still comes down.
#
# </details>

# %% [markdown] id="ruler-claim"
# ### Which ruler, on a network with kinks?
#
# Footnote 7 of the paper distrusts the Hessian: between two iterates a network with kinks need not have one. Automatic
# differentiation returns that of its smooth pieces. Two rulers as long as a step need no second derivative: the *second
# difference* of the loss over one step along the top eigenvector, and the *directional smoothness* of a step from the
# weights $\theta_k$, with gradient $g_k$, to the next:
#
# $$\kappa_k=\frac{\langle g_{k+1}-g_k,\;\theta_{k+1}-\theta_k\rangle}{\|\theta_{k+1}-\theta_k\|^2}.$$

# %% id="ruler-predict"
votes.ask("edge_of_stability.ruler")

# %% [markdown] id="ruler-play-note"
# **Play.** The activation is $z\,\Phi(sz)$, with the normal distribution function $\Phi$. It is GELU for $s=1$, and
# comes ever closer to ReLU as $s$ grows. A run that *bounces* has a directional smoothness near $2/\eta$.

# %% id="ruler-play"
rulers = explorers.curvature_rulers()
rulers

# %% id="ruler-reveal"
with reveal("What happens"):
    print("means of the last quarter in units of 2/η, of the runs that bounce (directional smoothness above 0.9)")
    print("activation          runs   Hessian       second difference   directional smoothness")
    bridges = {f"bridge-{s}": f"z·Φ({s}z)" for s in (10, 100, 1000)}
    for activation, name in {"gelu": "GELU", **bridges, "relu": "ReLU", "leaky": "leaky ReLU, ½"}.items():
        rows = [row for (kind, _, _), row in recorded.ruler_runs().items() if kind == activation]
        edge = [row for row in rows if recorded.bounces(row)]
        print(f"{name:18s} {len(edge)} of {len(rows)}", end="")
        for ruler in ("hessian", "secant", "directional"):
            found = [recorded.last_quarter(row, ruler) for row in edge]
            print(f"   {min(found):.2f} to {max(found):.2f}", end="    ")
        print()

# %% [markdown] id="ruler-why"
# **Why.** A kink has no curvature next to it, but a step across it sees the slope jump. On a 2-cycle the steps
# $\theta_+=\theta_--\eta g_-$ and $\theta_-=\theta_+-\eta g_+$ give $g_+-g_-=\frac2\eta(\theta_+-\theta_-)$: so
# $\kappa=2/\eta$, kink or no kink. A network that bounces nearly back at every step comes close. The Hessian of the
# pieces leaves out the kinks that lie within a step. On ReLU networks it reads too little.

# %% id="ruler-by-hand"
x, eta = 0.2053, 0.3  # NGDM on |x|, whose second derivative is 0 wherever there is one
for _ in range(4):
    before, x = x, x - eta * np.sign(x)
    kappa = (np.sign(x) - np.sign(before)) / (x - before)  # change of the slope over change of x
    print(f"from {before:7.4f} to {x:7.4f}   κ = {kappa:.2f}   2/η = {2 / eta:.2f}")

# %% [markdown] id="ruler-verdict"
# **Verdict: holds.** The footnote has a point: on ReLU networks at the edge the Hessian reads 0.87 to 0.97 of $2/\eta$,
# rulers as long as a step 0.98 to 1.01. All runs with kinks, ReLU or leaky, still bounce after 8000 steps. So do half
# of those with $s=100$, and all with $s=1000$. Not shown: large networks, small batches.
#
# <details><summary>Reasons: steep bends, half a kink, runs that do not bounce</summary>
#
# *Steep bends.* The activation $z\,\Phi(sz)$ is analytic. Up to $s=100$ the Hessian and the second difference agree. At
# $s=1000$ the bend is narrower than a step. Where a sample lies in it, the Hessian counts too much: it reads 1.05 to
# 1.11 and misleads as well.
#
# *Half a kink.* With a leaky ReLU, of slope ½ on the left, the Hessian reads 1.01 to 1.05 and the second difference
# 0.02 more. Only the directional smoothness is at 1.00: of the three rulers it is the one that looks along the step.
#
# *Not bouncing.* Some smooth runs fall below the edge and stop oscillating: one of 6 with GELU, 4 of 6 with $s=10$, 3
# of 6 with $s=100$. Their directional smoothness is 0 to 0.15. No run with a kink does so, and none with $s=1000$,
# whose bend is narrower than a step. Six runs of each are too few to say that a kink keeps a run at the edge.
#
# The footnote's own definition comes in idea 4.
#
# </details>
# <details><summary>Key to the goals</summary>
#
# (i) ReLU at $\eta=0.2$, seed 1: 0.897. (ii) $s=1000$ at $\eta=0.2$, seeds 0 and 1. (iii) For example $s=10$ at
# $\eta=0.1$, seed 0.
#
# </details>

# %% [markdown] id="huber-claim"
# ## 3 · Huber's loss
#
# **Claim** (Figure 3). Gradient descent on Huber regression, with residuals $r=y-X\beta$ of $n$ samples,
#
# $$f(\beta)=\frac1n\sum_{i=1}^n h_\delta(r_i),\qquad(13)$$
#
# does not diverge even at very large learning rates. The loss first rises, then oscillates. Here $n=20$, $\beta$ has
# $p=50$ entries, $\delta=1$, and $c=\eta L$ is the learning rate in units of $1/L$.

# %% id="huber-predict"
votes.ask("edge_of_stability.huber")

# %% [markdown] id="huber-play-note"
# **Play.** $\eta$ and $c=\eta L$ are one quantity: move either. Drag $c$ to its end. Which of these stay below the
# dotted line of the middle panel: every loss, the mean of the last 200, the best?

# %% id="huber-play"
losses = explorers.huber_losses()
losses

# %% id="huber-reveal"
problem = problems.huber_problem()  # X and y from U[0, 1]
cs = np.array([1.95, 2.05, 2.5, 4.0, 10.0])
runs = trajectories.run(problem, np.zeros(50), cs / problem.smoothness, 1000)
colors = (figures.BLUE, figures.GREEN, figures.ORANGE, figures.VERMILLION, figures.PURPLE)
places = ("center", "top", "center", "center", "center")  # of the labels: two plateaus are close together
with reveal("What happens"):
    figure, ax = figures.new(size=(9, 4))
    for column, (c, color, place) in enumerate(zip(cs, colors, places, strict=True)):
        ax.loglog(runs.steps + 1, runs.values[:, column], color=color, linewidth=1)
        # what has left the frame is named in its corner
        ax.text(1050, max(runs.values[-2:, column].mean(), 1.2e-4), f"c = {c:g}", color=color, va=place)
        if c > 2:
            ax.plot([300, 1000], [theory.huber_plateau(c, 1.0)] * 2, **figures.THEORY)
    ax.set(xlabel="step k + 1", ylabel="f", xlim=(1, 1000), ylim=(1e-4, 20))
    display(
        figures.show(
            figure,
            "Below c = 2 the loss converges. Above, it rises to a plateau near (c − 1)/2 (dashed) and oscillates.",
            alt="Loss against step for five learning rates on logarithmic scales. The lowest falls; the others rise "
            "and level off, each near a dashed line that is higher for larger learning rates.",
        )
    )
    for c in (2.05, 5.0, 10.0, 100.0, 1e4, 1e6):
        last = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 3000).values[-200:]
        print(f"c = {c:10.2f}   mean of the last 200 of 3000: {last.mean():10.3f}   ", end="")
        print(f"(c − 1)/2 = {(c - 1) / 2:10.3f}   bound c/2 = {c / 2:10.3f}, above it: {(last > c / 2).mean():.0%}")

# %% [markdown] id="rise-claim"
# ### Why does the loss rise before it oscillates?
#
# The paper leaves this open. One variable is enough to see it: $h_\delta(x)$, with $\eta=c$ since its $L$ is 1.

# %% id="rise-predict"
votes.ask("edge_of_stability.rise")

# %% [markdown] id="rise-play-note"
# **Play.** Press ▶ and watch the middle panel, a *cobweb*: from $x_k$ up or down to the map (dashed), across to the
# diagonal, and again. Move $c$ through 2 while it plays. On which pieces of the map do the last two iterates lie?

# %% id="rise-play"
rise = explorers.huber_rise()
rise

# %% id="rise-reveal"
one, rise_start = problems.ONE_D_HUBER, 1.05e-3  # h_δ with δ = 1
rise_run = trajectories.run(one, [rise_start], lr=2.1, steps=110)
with reveal("What happens"):
    figure, (left, right) = figures.new(2, size=(10, 3.6))
    left.plot(rise_run.steps, rise_run.iterates[:, 0], marker=".", **{**figures.NGDM, "linewidth": 0.6})
    left.axhspan(-1, 1, color="0.93", zorder=0.5)
    left.set(xlabel="step k", ylabel="x", xlim=(0, 110))
    right.semilogy(rise_run.steps, rise_run.values, marker=".", **{**figures.NGDM, "linewidth": 0.6})
    right.axvline(theory.huber_rise(2.1, rise_start), **figures.THRESHOLD)
    right.set(xlabel="step k", ylabel="h(x)", xlim=(0, 110))
    display(
        figures.show(
            figure,
            "The iterate changes sign at every step from the first. The loss is even and shows only a smooth rise. It "
            "alternates once the run is on a lopsided 2-cycle.",
            alt="Left: position against step, a growing zigzag about 0 that stops growing once it leaves a grey band. "
            "Right: the loss, a straight line up on a logarithmic scale, then alternating between two values, with a "
            "dotted line at the predicted step.",
        )
    )
    for c in (2.05, 2.1, 2.5, 3.0):
        path = trajectories.run(one, [1e-3], c, 300).iterates[:, 0]
        predicted, leaves = float(theory.huber_rise(c, 1e-3)), np.argmax(np.abs(path) > 1)
        print(f"c = {c:4.2f}   predicted {predicted:5.1f} steps, leaves at step {leaves:3d}   ", end="")
        print(f"2-cycle {path[-2]:+.3f}, {path[-1]:+.3f}, sizes add up to {np.abs(path[-2:]).sum():.3f}")

# %% [markdown] id="rise-why"
# **Why.** Inside $|x|\le\delta$ a step multiplies $x$ by $1-c<-1$: the sign flips and the size grows. The loss, being
# even, only sees the size: it grows by $(c-1)^2$ a step, for $\ln(\delta/|x_0|)/\ln(c-1)$ steps. Beyond $\delta$ every
# step has the length $c\delta$. So the run is caught between $\rho$ and $-(c\delta-\rho)$, as in Proposition 3.2. The
# map has slope 1 there: each such pair is a 2-cycle, and the run remembers its start.

# %% id="rise-by-hand"
for c in (2.05, 2.1, 2.5):
    x, k = 1e-3, 0
    while abs(x) <= 1:  # still within ±δ, δ = 1
        x, k = x - c * np.clip(x, -1, 1), k + 1
    print(f"c = {c:4.2f}   leaves ±δ at step {k:3d}   predicted {np.log(1 / 1e-3) / np.log(c - 1):6.1f}")

# %% [markdown] id="huber-verdict"
# **Verdict: holds**, and the rise is explained. No learning rate makes it diverge: at half a million times $2/L$ the
# loss stays at the plateau $\delta^2(c-1)/2$. Not shown: a realistic $\delta$ or network. The formula assumes that all
# samples carry the top eigenvector equally; on centred data the plateau is lower, and the loss may fall first.
#
# <details><summary>Reasons: why it stays bounded, where the plateau is, more dimensions</summary>
#
# *Bounded.* The loss is convex with a bounded gradient. The iterates stay in the set $\beta_0+\mathrm{row}(X)$ of all
# $\beta_0+X^\top u$, and the minimisers in that set are bounded. By idea 4 the iterates then stay bounded, for every
# $\eta$.
#
# *The plateau.* Far out, with all residuals beyond $\delta$, a step is one of NGDM on $\frac\delta n\|X\beta-y\|_1$;
# for one sample with $X=1$ that is the ℓ1 band of notebook 3. Suppose that all samples carry the top eigenvector of
# $XX^\top/n$ equally. Then the residuals of a symmetric 2-cycle along it are $\pm c\delta/2$, and their loss is
# $\delta(c\delta/2-\delta/2)=\delta^2(c-1)/2$. The bound of idea 4 says $\eta G^2/2\le\delta^2c/2$ for the best value.
# From about $c=5$ on single losses pass it at every second step; the mean of the last 200 never does.
#
# *More dimensions.* Every eigenvector with $\eta\lambda_i>2$ does what $x$ does, while the others converge. With
# centred data the start has little of the top one, and for $c$ just above 2 the loss falls first. The dotted step in
# the left panel of the first slider is the law for the top eigenvector alone: the step at which it takes the *first*
# residual past $\delta$. On U[0, 1] that is close where the rise is long. Where it is short, and on centred data
# throughout, the loss goes on rising, because the other residuals pass $\delta$ later.
#
# </details>
# <details><summary>Key to the goals and questions</summary>
#
# *First slider:* (i) 1.97; on the slider of $\eta$ 1.99 ($\eta=0.146$). At the end of $c$ the mean stays below, 67.2
# against 68, and so does the best, 0.13 at the start. Single losses alternate between 52 and 82. Halve $\delta$ from 2
# to 1: the plateau falls to a quarter, as $\delta^2$, and so does the measured mean. Centred data at the same $c$:
# $\eta$ is 7.8 times as large, since $L$ is 1.75, not 13.6; the entries of the top eigenvector are 0.04 to 0.46 in size
# (U[0, 1]: 0.20 to 0.25).
#
# *Second slider:* (i) From $x_0=10^{-3}$, $2<c\le2.07$ (2.07: step 103); at $c=2.11$, $x_0\le3\cdot10^{-5}$. (ii) From
# $x_0=10^{-3}$, $c=6.65$: 5.63 and 1.02. The first $|x|$ past $\delta$, $\rho=|x_0|(c-1)^j$ after $j$ steps, decides;
# the other end is $c\delta-\rho$, so that they differ by $(c-2)\delta$ at most. The last two iterates lie on the two
# outer pieces, where the slope is 1.
#
# </details>

# %% [markdown] id="bound-claim"
# ## 4 · A bound on the best value
#
# **Claim** (Proposition 4.1). On every convex loss with bounded subgradients there is “unstable convergence” for every
# $\eta$. Footnote 7 defines that as *not diverging to infinity*. The proof: the lowest value so far satisfies
#
# $$\lim f_{\mathrm{best}}-f^*\le\tfrac12\eta G^2,$$
#
# with the minimum $f^*$ and subgradients of length at most $G$. So, the paper concludes, the Edge of Stability as a
# conjecture beyond $L$-smooth losses is “incorrect even for Lipschitz continuous, differentiable, convex functions”.

# %% id="bound-predict"
votes.ask("edge_of_stability.bound")

# %% [markdown] id="bound-play-note"
# **Play** with $f(x,z)=\max(0,|x|-w(z))$, a trough whose half-width $w(z)=\frac14\frac z{1+z}$ grows from 0 to ¼. Every
# run starts at $(\eta/2,\,0)$, so that $x$ flips between $\pm\eta/2$.

# %% id="bound-play"
trough = explorers.trough()
trough

# %% id="bound-reveal"
width = 0.25  # of the trough, far up
escape = trajectories.run(Trough(width), [0.5, 0.0], lr=1.0, steps=100_000)
average = np.cumsum(escape.values) / np.arange(1, len(escape.values) + 1)
bound = theory.subgradient_bound(Trough(width), 1.0)
with reveal("What happens"):
    figure, (left, right) = figures.new(2, size=(10, 3.6))
    left.loglog(escape.steps[1:], escape.iterates[1:, 1], **figures.NGDM)
    left.loglog(escape.steps[1:], theory.trough_height(width, 1.0, escape.steps[1:].astype(float)), **figures.THEORY)
    left.set(xlabel="step k", ylabel="z")
    right.semilogx(escape.steps[1:], escape.values[1:], **figures.NGDM)
    right.axhline(0.5 - width, **figures.THEORY)
    right.set(xlabel="step k", ylabel="f", ylim=(0, 0.5))
    display(
        figures.show(
            figure,
            "η = 1: z runs off to infinity like the cube root of k, while the loss settles at η/2 − ¼.",
            alt="Left: the second coordinate against the step, a straight line on logarithmic scales approaching the "
            "dashed law. Right: the loss, falling towards a dashed line at one quarter.",
        )
    )
    print(f"after 10⁵ steps: loss {escape.values[-1]:.4f}, average {average[-1]:.4f}, ηG²/2 = {bound:.4f}")
    print(f"z = {escape.iterates[-1, 1]:.2f}, law {theory.trough_height(width, 1.0, 100_000):.2f}")

# %% [markdown] id="bound-why"
# **Why.** $f_{\mathrm{best}}\le f(x_0)$ is true of every method, even of one that runs away. The same inequality says
# more: over $T$ steps the *average* loss is at most $f^*+R^2/(2\eta T)+\eta G^2/2$, with $R$ the distance from the
# start to a minimiser. Begin it anew at any step: the loss always comes back to within any margin of $f^*+\eta G^2/2$.
# The iterates need not, if the minimisers form an unbounded set. Each step across the trough pushes $z$ up a little.

# %% id="bound-by-hand"
x, z = 0.5, 0.0  # η = 1
for k in range(1001):
    if k in (0, 1, 10, 100, 1000):
        print(f"step {k:4d}   x = {x:4.1f}   z = {z:6.3f}   f = {abs(x) - z / (4 + 4 * z):.3f}")
    x, z = x - np.sign(x), z + 1 / (4 * (1 + z) ** 2)  # across the trough, and a little up

# %% [markdown] id="bound-verdict"
# **Verdict: imprecise.** Of the loss the proposition is true: $\liminf f\le f^*+\eta G^2/2$. Of the iterates it is not:
# here $z$ passes 40 while $f$ sinks towards 0.25. The conclusion is **wrong**: staying bounded past $2/L$ contradicts
# no theorem, and a loss that is no network cannot refute what networks do.
#
# <details><summary>Reasons: the last value, the definition, the versions of the abstract</summary>
#
# *More can be said.* For the last value the term $\eta G^2/2$ grows by a factor of order $\log T$ at most. If the
# minimisers form a bounded set, the iterates stay bounded.
#
# *The definition* (footnote 7) includes every convergent run, and every run that gets stuck high up. It leaves out the
# phenomenon, which the section's first paragraph has: past the threshold of stability, a loss that goes up and down and
# falls in the long run. The paper says that it adapts Definition 1.1 of Arora, Li and Panigrahi (2022), which was not
# read.
#
# *The versions.* The abstract of version 4 (5 November 2024) speaks of the “inapplicability” of the Edge of Stability
# to such losses. That of version 5, two days later, says that the paper demonstrates “its occurrence” there. Of the
# later versions only the abstracts were read.
#
# </details>
# <details><summary>Key to the goals</summary>
#
# (i) $\eta=0.5$, twice the width: $w(z)<0.25=\eta/2$ for every $z$, so that $f$ stays above 0. (ii) Every smaller one:
# the run stops once $w(z)\ge\eta/2$, that is at $z=2\eta/(1-2\eta)$. Within the 4000 steps that happens up to 0.454; at
# 0.46 it takes 5656.
#
# </details>

# %% [markdown] id="toy-claim"
# ## 5 · A toy problem?
#
# **Claim.** The section ends with a proposal: to build the theory on the convex ReLU network of notebook 1,
#
# $$f(\beta)=\|y-\max(X\beta,0)\|^2,\qquad y\le0.\qquad(3)$$
#
# It is convex, its minimum is known to be at 0, and 0 is a kink. We compare it with a rival that is neither convex nor
# kinked: $\tfrac12(uv-1)^2$, a linear network of two weights $u$ and $v$ on one sample.

# %% id="toy-predict"
votes.ask("edge_of_stability.toy")

# %% [markdown] id="toy-play-note"
# **Play.** First (3): raise $|y|$. Does the bound on its curvature move? Does the run get close to the optimum? Then
# the two weights: where does the run of the goal end? (*Gradient flow* is gradient descent with infinitely small
# steps.)

# %% id="toy-play"
toys = explorers.toy_problem()
toys

# %% [markdown] id="toy-map-note"
# **The map.** The two weights once more, from 102 400 starts $(u,v)$. The colour is the sharpness after 60 steps. Press
# or drag to choose a start. Which one ends closest below $2/\eta$? Then zoom in on the border with divergence.

# %% id="toy-map"
plane = explorers.basins()
plane

# %% id="toy-reveal"
with reveal("What happens"):
    figure, (left, right) = figures.new(2, size=(10, 3.6))
    for seed, style in enumerate((figures.NGDM, figures.SMOOTH, figures.PROXIMAL)):
        toy, start = problems.relu_toy(seed=seed)
        path = trajectories.run(toy, start, 0.2 / toy.curvature, 60).iterates
        left.plot(theory.active_curvature(toy, path) / toy.curvature, marker=".", **{**style, "linewidth": 0.8})
    left.axhline(1, **figures.THEORY)
    left.set(xlabel="step k", ylabel="curvature of (3) / L", xlim=(0, 60), ylim=(0, 1.1))
    for lr, style in ((0.05, figures.SMOOTH), (0.76, figures.NGDM)):
        path = trajectories.run(Product(), problems.TWO_WEIGHTS, lr, 60).iterates
        right.plot(theory.product_sharpness(path), marker=".", **style, label=f"η = {lr:g}")
    right.axhline(2 / 0.76, **figures.THRESHOLD, label="2/η for η = 0.76")
    right.set(xlabel="step k", ylabel="curvature of ½(uv − 1)²", xlim=(0, 60), ylim=(1.5, 4))
    figures.legend(right, loc="upper right")
    display(
        figures.show(
            figure,
            "The curvature of (3) jumps as samples switch on and off. That of two weights rises, and comes down once "
            "it is past 2/η.",
            alt="Left: curvature of (3) for three draws, jumping between about 0.27 and 0.84 of a dashed bound. Right: "
            "curvature of the two-weight loss: rising smoothly at the small rate; at the large one jumping about a "
            "dotted line and settling below it.",
        )
    )

# %% id="toy-draws-reveal"
with reveal("How many of 20 draws of (3) diverge"):
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
        print(f"(3), c = {c:3.1f}: {gone:2d} of 20 draws diverge   {rest}")

# %% [markdown] id="toy-why"
# **Why.** The Hessian of (3) is $2X_A^\top X_A$ with the active samples $A$, those with $(X\beta)_i>0$. The weights
# decide which samples are active, not what each adds. So no curvature exceeds $L=2\lambda_{\max}(X^\top X)$, and
# nothing drives it towards $2/\eta$. In $\tfrac12(uv-1)^2$ one weight multiplies the other. At a minimum, $uv=1$, the
# sharpness is $u^2+v^2$: it varies, so a run past $2/\eta$ can be thrown on to a flatter minimum.

# %% id="toy-by-hand"
u, v = 1.5, 0.4
for k in range(41):
    if k % 10 == 0:
        print(f"step {k:2d}   loss {(u * v - 1) ** 2 / 2:.1e}   sharpness {theory.product_sharpness([u, v]):.3f}")
    u, v = u - 0.1 * (u * v - 1) * v, v - 0.1 * (u * v - 1) * u

# %% [markdown] id="toy-verdict"
# **Verdict: holds if** the theory is one of kinks. For the Edge of Stability (3) lacks both halves: it does not
# sharpen, and at large rates it cycles high above the optimum or diverges (20 of 20 draws at $8/L$). Two weights
# sharpen and come back past $2/\eta$. Not shown on either: hovering at $2/\eta$ for long.
#
# <details><summary>Reasons: the threshold of (3), data without negative entries, gradient flow</summary>
#
# *The threshold.* For (3) $L$ is only the largest curvature possible, not a Lipschitz constant: at a kink the gradient
# jumps. Nor is $2/L$ its threshold, since only some samples are active at a time. No draw diverges up to $c=4$: the
# runs stay on cycles, which lie higher the larger $c$. At 8 all diverge: (3) grows quadratically, and unlike Huber's
# its gradient is not bounded.
#
# *Data.* If $X\beta<0$ has a solution, as for non-negative $X$, the iterate can jump there, and stays.
#
# *Gradient flow* keeps $u^2-v^2$ and, from the start of the by-hand cell, sharpens on its way. Past $2/\eta$ the
# oscillation across the valley $uv=1$ drives the iterate along it.
#
# *A convex rival.* Separable logistic regression is convex, and past $2/L$ its loss goes up and down and falls in the
# long run: see idea 12.
#
# </details>
# <details><summary>Key to the goals and questions</summary>
#
# *(3).* The bound does not move: $L$ does not contain $y$. At $c=0.2$ the last $f-f^*$ is 0.00068 for $|y|=0$, 0.25 for
# 1, 1.3 for 3. At $|y|=1$ the loss keeps growing from $c=5.28$, where it passes $10^7$ (the title says so from 5.51).
# Before that: bounded cycles above the optimum (2.2 at 2.01, 23 at 4), no falling loss. With $X$ from U[0, 1] it does
# not diverge up to 8: from $c=0.784$ on (at $|y|=1$) it jumps to where no sample is active.
#
# *Two weights.* (i) From 2.01 to 2.79 the run passes $2/\eta$ and ends at a flatter minimiser: at 2.2, 2.34 below 2.63.
# From 2.92 it does not settle, from 3.97 it diverges.
#
# *The map.* The marks show a start that ends close below $2/\eta$ (onto the steepest) and the border, enlarged: islands
# of steep ends crowd towards it, smaller and smaller.
#
# </details>

# %% [markdown] id="stop-here"
# ## You can stop here
#
# This is the end of the core. Below: four exercises with a check. Then eight collapsed ideas that go deeper, each on
# its own: quadratics, growth exponents, second differences, Huber's memory, the chord law, fewer parameters than
# samples, logistic regression, silver steps. At the end stand the symbols, [a verdict on the paper's
# thesis](#A-verdict-on-the-thesis) in five lines, and the ledger of all its claims in the four notebooks.

# %% [markdown] id="exercise-1"
# ## Exercises
#
# Fill in each stub and run its cell: the check answers in words.
#
# ### 1 · A step on Huber's function
#
# Write one step of gradient descent on $h_\delta(x)$. Then use it: what happens from 0.001 at $\eta=2.5$?


# %% id="exercise-1-stub" tags=["exercise"]
def step(x, eta, delta):
    """x − η·h_δ′(x), for numbers x, η and δ."""
    ...


exercises.check("edge_of_stability.1", step)

# %% [markdown] id="exercise-1-hint"
# <details><summary>Hint</summary>
#
# What is the slope of $\tfrac12x^2$, and of $\delta(|x|-\tfrac12\delta)$ on either side? `np.clip` does all three.
#
# </details>

# %% [markdown] id="exercise-1-solution"
# <details><summary>Solution</summary>
#
# ```python
# def step(x, eta, delta):
#     return x - eta * np.clip(x, -delta, delta)
# ```
#
# </details>

# %% [markdown] id="exercise-2"
# ### 2 · The size of a 2-cycle
#
# For $f=\sqrt{1+x^2}-1$, solve $f'(a)/a=2/\eta$ by hand. Return the size $a\ge0$ of the 2-cycle $\pm a$ in which
# gradient descent ends, for every $\eta>0$.


# %% id="exercise-2-stub" tags=["exercise"]
def cycle(eta):
    """a, for a number η > 0; 0 where the run ends at the minimum."""
    ...


exercises.check("edge_of_stability.2", cycle)

# %% [markdown] id="exercise-2-hint"
# <details><summary>Hint</summary>
#
# $f'(x)=x/\sqrt{1+x^2}$. And what happens below $2/L=2$?
#
# </details>

# %% [markdown] id="exercise-2-solution"
# <details><summary>Solution</summary>
#
# $1/\sqrt{1+a^2}=2/\eta$ gives $a=\sqrt{\eta^2/4-1}$, which is 0.75 at $\eta=2.5$. Up to $\eta=2$ the run ends at 0.
#
# ```python
# def cycle(eta):
#     return np.sqrt(max(eta**2 / 4 - 1, 0))
# ```
#
# </details>

# %% [markdown] id="exercise-3"
# ### 3 · Two weights past every minimum
#
# Write one step of gradient descent on $\tfrac12(uv-1)^2$. Every minimum has sharpness $u^2+v^2\ge2uv=2$: what does
# that say about $\eta>1$? Try 0.9, 1.1, 1.4 and 2 from $(1,\,0.6)$. How many different points do the last 200 of 3000
# iterates visit? On which side of the valley does this loss grow subquadratically?


# %% id="exercise-3-stub" tags=["exercise"]
def step_uv(u, v, eta):
    """The next (u, v), for numbers u, v and η."""
    ...


exercises.check("edge_of_stability.3", step_uv)

# %% [markdown] id="exercise-3-hint"
# <details><summary>Hint</summary>
#
# A minimum is left if its sharpness exceeds $2/\eta$. Both slopes are taken at the old point. Round the points to four
# digits before you count them.
#
# </details>

# %% [markdown] id="exercise-3-solution"
# <details><summary>Solution</summary>
#
# For $\eta>1$ no minimum is stable, so almost no start converges. At 1.1 and 1.4 the run goes to the line $u=v$, on
# which the loss is $\tfrac12(u^2-1)^2$. At 1.1 it ends in a 2-cycle around the flattest minimum $(1,1)$, at 1.4 it
# wanders without repeating itself. At 2 it overflows before it gets there; on the line itself $u\to3u-2u^3$ would stay
# within $\pm\sqrt2$. Towards 0 the loss grows more slowly than its parabola, outwards faster. The subquadratic side
# catches the iterate as long as the other one does not throw it too far.
#
# ```python
# def step_uv(u, v, eta):
#     return u - eta * (u * v - 1) * v, v - eta * (u * v - 1) * u
#
#
# for eta in (0.9, 1.1, 1.4):
#     u, v, points = 1.0, 0.6, []
#     for _ in range(3000):
#         u, v = step_uv(u, v, eta)
#         points.append((round(u, 4), round(v, 4)))
#     print(eta, len(set(points[-200:])))
# ```
#
# </details>

# %% [markdown] id="exercise-4"
# ### 4 · A loss of your own
#
# Invent an even loss $f$ of one variable, not one of this notebook, with its minimum at 0 and $f''(0)=1$. At $\eta=2.5$
# gradient descent from 0.01 should end in the 2-cycle $\pm1$. Write its slope $f'$. Then draw its secant slope, and
# move $\eta$: where does your loss diverge, if it does?


# %% id="exercise-4-stub" tags=["exercise"]
def slope(x):
    """f′(x), for a number x."""
    ...


exercises.check("edge_of_stability.4", slope)

# %% [markdown] id="exercise-4-hint"
# <details><summary>Hint</summary>
#
# What must $f'(1)/1$ be? Divide $x$ by something that is 1 at 0 and grows. The 2-cycle attracts if $|1-\eta f''(1)|<1$.
#
# </details>

# %% [markdown] id="exercise-4-solution"
# <details><summary>Solution</summary>
#
# For example $f=2\ln(1+x^2/4)$: the secant slope is $1/(1+x^2/4)$, which is 0.8 at 1, and $f''(1)=0.48$. It falls to 0,
# so this loss does not diverge at any $\eta$.
#
# ```python
# def slope(x):
#     return x / (1 + x**2 / 4)
# ```
#
# </details>

# %% [markdown] id="quadratic-claim"
# ## 6 · What 2/L separates on a quadratic
#
# *The loss $\tfrac12(x^2+z^2/10)$, steep along $x$ and flat along $z$, below $2/L$, above it, and at exactly $2/L$.*
#
# **Claim.** On convex quadratics gradient descent diverges past $2/\lambda_{\max}$ of the Hessian.

# %% id="quadratic-predict"
votes.ask("edge_of_stability.quadratic")

# %% [markdown] id="quadratic-play-note"
# **Play.** What happens at exactly 2? Past 2, the loss falls first and rises later. Why?

# %% id="quadratic-play"
quadratic = explorers.quadratic_threshold()
quadratic

# %% id="quadratic-reveal"
etas = np.linspace(0.1, 2.3, 221)
valley = Quadratic(np.diag([1.0, 0.1]))
valley_ends = np.abs(trajectories.run(valley, [0.3, 1.0], etas, 40, record_every=40).iterates[-1])
with reveal("What happens"):
    figure, ax = figures.new(size=(9, 4))
    for column, (name, style) in enumerate(
        (("|x|, curvature 1", figures.NGDM), ("|z|, curvature 1/10", figures.SMOOTH))
    ):
        ax.semilogy(etas, np.maximum(valley_ends[:, column], 1e-12), **style, label=name)
    ax.axvline(2, **figures.THRESHOLD)
    ax.set(xlabel="η", ylabel="after 40 steps", xlim=(0.1, 2.3), ylim=(1e-12, 1e6))
    figures.legend(ax, loc="upper left")
    display(
        figures.show(
            figure,
            "Each direction has its own threshold, 2 divided by its curvature; the steepest one decides.",
            alt="Distance to the minimum after 40 steps against the learning rate, on a logarithmic scale: the steep "
            "direction falls, and rises again past 2; the flat direction falls throughout.",
        )
    )

# %% [markdown] id="quadratic-why"
# **Why.** Along an eigenvector of curvature $\lambda$ a step multiplies by $1-\eta\lambda$. That shrinks if and only if
# $0<\eta\lambda<2$. Past 2 the sign flips at every step and the size grows. For a convex loss with an $L$-Lipschitz
# gradient and a minimiser, $\eta<2/L$ *suffices* for convergence. That nothing larger will do is a property of
# quadratics, and of any loss close enough to a minimum with a Hessian, with its $\lambda_{\max}$ there in place of $L$.

# %% id="quadratic-by-hand"
for eta in (1.9, 2.0, 2.05):
    x, z = 0.3, 1.0
    for _ in range(200):
        x, z = x - eta * x, z - eta * z / 10  # gradient descent, one line a step
    print(f"η = {eta:4.2f}   x = {x:9.1e}, law {0.3 * abs(1 - eta) ** 200:8.1e}   z = {z:9.1e}")

# %% [markdown] id="quadratic-verdict"
# **Verdict: holds** for quadratics: there $2/L$ separates convergence from divergence. For other losses it is a
# sufficient condition.
#
# <details><summary>Key to the goals and questions</summary>
#
# (i) $\eta=1.84$, $1.6\cdot10^{-12}$: both directions shrink about equally fast. At exactly 2, $x$ flips between
# $\pm0.03$ and the loss sinks to $0.03^2/2=0.00045$ only: every start but 0 lies on its own 2-cycle, and as in
# Proposition 3.2 the orbit remembers the start. Past 2 the loss falls while $z$ dominates, then $x$ takes over: the
# lowest loss is at step 13 for $\eta=2.03$, at step 3 for 2.5.
#
# </details>

# %% [markdown] id="exponent-claim"
# ## 7 · Which growth is slow enough?
#
# *A proof that some subquadratic growth is necessary in one dimension, the exponents that are enough, and a smooth loss
# that is exactly quadratic near its minimum.*
#
# **Claim.** The paper objects to Ma, Kunin, Wu and Ying (2022). First: Huber's loss is a counterexample, since it is
# quadratic around its minimum. Second: that it lacks a second derivative is to blame, for functions that have one would
# all show subquadratic growth near the minimum.

# %% id="exponent-predict"
votes.ask("edge_of_stability.exponent")

# %% [markdown] id="exponent-play-note"
# **Play.** What becomes of the largest $q$ in the frame if you raise $\eta$? Change $x_0$: at which $q$ does the
# 2-cycle remember it?

# %% id="exponent-play"
exponent = explorers.growth_exponent()
exponent

# %% [markdown] id="exponent-note"
# The *mollified* Huber is Huber's function with its bends at $\pm1$ rounded off: exactly $x^2/2$ for $|x|\le0.8$, of
# slope 1 beyond 1.2, and $C^2$, that is, with a continuous second derivative.

# %% id="exponent-reveal"
one = problems.ONE_D_HUBER  # h_δ with δ = 1
with reveal("What happens"):
    past = np.linspace(1.9, 3, 221)
    figure, ax = figures.new(size=(9, 4))
    for name, loss, style in (
        ("Huber", one, {**figures.NGDM, "linewidth": 4}),
        ("mollified Huber", Separable("mollified Huber"), {"color": figures.ORANGE, "linestyle": ":"}),
        ("log-cosh", Separable("log-cosh"), figures.SMOOTH),
    ):
        ends = trajectories.run(loss, [0.01], past, 8000).iterates[-2:, :, 0]
        ax.plot(past, np.abs(ends).mean(0), **style, label=name)
    past = past[past > 2]
    ax.plot(past, np.sqrt(3 * (1 - 2 / past)), **figures.THEORY, label="√(3(1 − 2/η)), expansion at 0")
    ax.axvline(2, **figures.THRESHOLD)
    ax.set(xlabel="η", ylabel="mean of the last two |x|", xlim=(1.9, 3), ylim=(0, 1.6))
    figures.legend(ax, loc="lower right")
    display(
        figures.show(
            figure,
            "Past 2/L log-cosh leaves 0 as its expansion says. Huber jumps to where its growth first falls behind, and "
            "so does a C² loss that is exactly quadratic near 0.",
            alt="Size of the 2-cycle against the learning rate. All are 0 up to 2. Log-cosh rises from 0 along a "
            "dashed square root; Huber jumps to 1 and the mollified Huber to 0.8.",
        )
    )

# %% [markdown] id="exponent-why"
# **Why.** *Necessary, in one dimension.* Let $f$ have its minimum at 0, with $f''(0)>0$, and suppose that the growth is
# nowhere subquadratic: $f'(x)/x\ge f''(0)$ for all $x\ne0$. Then for $\eta>2/f''(0)$
#
# $$|x_{k+1}|=|x_k|\,\Bigl|1-\eta\,\frac{f'(x_k)}{x_k}\Bigr|\;\ge\;(\eta f''(0)-1)\,|x_k|,\qquad \eta f''(0)-1>1,$$
#
# and the run diverges. So a run that stays bounded past $2/f''(0)$, and does not start at 0, must come to places where
# $f'(x)/x<f''(0)$. *Where they are* is another matter: the proof does not ask them to be near 0.
#
# *Enough, for these powers.* Where $0<f'(x)/x<2/\eta$ a step makes $|x|$ smaller. If that holds for all $|x|>a$, no
# iterate gets further out than $|x_0|$ or the largest $|x-\eta f'(x)|$ on $|x|\le a$: the run stays bounded. For these
# powers it holds beyond $a=(\eta/2)^{1/(2-q)}$, where $f'(a)/a=a^{q-2}$ equals $2/\eta$, for every $q<2$.
#
# *Which cycles attract.* At $\pm a$ sits the 2-cycle. There $f''(a)=(q-1)\,2/\eta$, so that two steps multiply a small
# deviation by $(3-2q)^2$. That is less than 1 for $1<q<2$: the cycle attracts. It is exactly 1 at $q=1$: the cycle
# remembers the start.
#
# *A nuance.* For an even $f$ an expansion at 0 finds small 2-cycles if the fourth derivative is negative. For log-cosh
# $\tanh(a)/a\approx1-a^2/3=2/\eta$, so $a\approx\sqrt{3(1-2/\eta)}$. Huber's expansion stops at $x^2/2$, and its
# 2-cycles start at $\delta$: a purely local theory does not see them.

# %% id="exponent-theory"
for lr in (2.01, 2.1, 2.5, 4.0):
    cosh, huber, mollified = (
        np.abs(trajectories.run(loss, [0.01], lr, 5000).iterates[-2:, 0])
        for loss in (Separable("log-cosh"), one, Separable("mollified Huber"))
    )
    print(f"η = {lr:4.2f}   log-cosh ±{cosh[0]:.3f}, expansion ±{np.sqrt(3 * (1 - 2 / lr)):.3f}   ", end="")
    print(f"Huber {huber[0]:.3f}, {huber[1]:.3f}   mollified {mollified[0]:.3f}, {mollified[1]:.3f}")
for q in (1.2, 1.5, 1.9):
    end = np.abs(trajectories.run(PowerTail(q), [0.01], 2.5, 5000).iterates[-1, 0])
    print(f"q = {q:3.1f}, η = 2.5: ends at ±{end:.4f}, law ±{theory.power_cycle(2.5, q):.4f}")

# %% [markdown] id="exponent-verdict"
# **Verdict.** The counterexample is **imprecise**: Huber is exactly quadratic *near* its minimum, and still some
# subquadratic growth further out is necessary. That only functions without a second derivative could do so is
# **wrong**: the mollified Huber is $C^2$, exactly quadratic up to 0.8, and has 2-cycles. Not shown: networks; the
# necessary condition is one-dimensional.
#
# <details><summary>Key to the goals and questions</summary>
#
# (i) Right panel: 1.97, at $\pm1.7\cdot10^3$; 1.92 at $\eta=3.99$, 1.88 at 6, since $a=(\eta/2)^{1/(2-q)}$ grows. It is
# finite for every $q<2$: at $\eta=2.5$ even $q=1.99$ ends in a 2-cycle, at $\pm4.9\cdot10^9$. (ii) $\eta=4$, since
# $a=(\eta/2)^2$; next to it 3.99 has $\pm3.98$, 4.01 $\pm4.02$. The start is remembered at $q=1$ only; from 1.01 on all
# starts end alike.
#
# </details>

# %% [markdown] id="secant-claim"
# ## 8 · Second differences through a trained network
#
# *Train a small ReLU network here, then measure how its loss grows along the top eigenvector.*
#
# **Claim.** Finite differences on ReLU networks, as Ma et al. take them, are invalid, because the minima of such
# networks are not differentiable.

# %% id="secant-train"
# Needs PyTorch: the loss and the sharpness of a ReLU network in training
from ngdm_helpers import data, networks  # loads torch: only from here on is it needed

digits, labels = data.digits(500)  # 500 digits of 8 × 8 pixels; targets with a 1 at the digit and 0 elsewhere
network = networks.mlp("relu")
trained = networks.full_batch_gd(network, digits, labels, lr=0.2, steps=1500, sharpness_every=25)
print(f"loss      {trained.losses[0]:.2f} → {trained.losses[-1]:.4f}")
print(f"sharpness {trained.sharpness[0]:.2f} → {trained.sharpness[-1]:.2f}")
print(f"2/η = {2 / trained.lr:.2f}; the loss went up in {(np.diff(trained.losses) > 0).sum()} of 1500 steps")

# %% id="secant-train-picture"
# Needs PyTorch: the picture of that training, with 2/η
figure, (left, right) = figures.new(2, size=(10, 3.6))
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

# %% [markdown] id="secant-note"
# Second differences of the loss $f(\theta)$ along the top eigenvector $e$ of its Hessian, through this network and
# through a tanh twin: $\bigl(f(\theta+te)+f(\theta-te)-2f(\theta)\bigr)/t^2$. Where $f$ grows more slowly than its
# parabola they fall with $t$. A third row keeps every ReLU in the state, on or off, that it has at $\theta$ on each
# image: the same network without its kinks.

# %% id="secant-differences"
# Needs PyTorch: second differences of the loss through the trained network
from ngdm_helpers.course import probes

twin = networks.mlp("tanh")
networks.full_batch_gd(twin, digits, labels, lr=0.2, steps=1500, sharpness_every=None)
distances = np.geomspace(0.01, 3, 25)
secants = {}
models = {"ReLU": network, "ReLU, states kept": probes.frozen(network, digits), "tanh": twin}
for name, model in models.items():
    top, differences, gradient = probes.second_differences(model, digits, labels, distances)
    secants[name] = top, differences, 0.2 * gradient  # the length of the next step
    print(f"{name:17s} Hessian {top:6.2f}   second difference over the length of the next step ", end="")
    print(f"{np.interp(0.2 * gradient, distances, differences):6.2f}, over {distances[-1]:g} {differences[-1]:6.2f}")

# %% id="secant-picture"
# Needs PyTorch: the picture of these second differences
figure, ax = figures.new(size=(9, 4))
styles = (figures.NGDM, {**figures.NGDM, "linestyle": ":"}, figures.SMOOTH)
for (name, (top, differences, length)), style in zip(secants.items(), styles, strict=True):
    ax.semilogx(distances, differences, marker=".", **style, label=f"{name}: Hessian {top:.2f}, next step {length:.3f}")
ax.axhline(2 / 0.2, **figures.THEORY, label="2/η")
ax.set(xlabel="distance t along the top eigenvector", ylabel="second difference", xlim=(0.01, 3), ylim=(0, 30))
figures.legend(ax, loc="upper left")
figures.show(
    figure,
    "Along this line tanh grows subquadratically; ReLU does not (dotted: without its kinks). Both sit at the edge.",
    alt="Second differences against distance: two networks start near 10; tanh falls towards 7, ReLU rises; ReLU with "
    "its states kept stays near 10.",
)

# %% [markdown] id="secant-verdict"
# **Verdict: imprecise.** The theorem of Laurent and von Brecht that the paper cites concerns the hinge loss. And what a
# step meets is a secant: over the length of a step the ReLU network's second difference lies above autograd's Hessian,
# 10.1 against 9.5. But along its top eigenvector this network does not grow subquadratically. It grows faster than its
# parabola, because samples switch on and off along the way.
#
# <details><summary>Is that the kinks' doing?</summary>
#
# Of the switching, not of the kinks. With every ReLU kept in its state the curve is flat. But the analytic
# $z\,\Phi(100z)$, which bends where ReLU has its kink, grows alike, and so does GELU: row E18 of the ledger has three
# seeds of each.
#
# </details>

# %% [markdown] id="memory-claim"
# ## 9 · Huber remembers its start
#
# *A map of 102 400 runs: how unequal the two ends of the 2-cycle become.*
#
# **Claim** (ours). In one dimension the 2-cycle of Huber's function keeps the first $|x|$ past $\delta$, and with it
# the start.

# %% [markdown] id="memory-play-note"
# **Play.** Follow one bright stripe to smaller starts. Which number stays the same along it?

# %% id="memory-play"
memory = explorers.huber_memory()
memory

# %% [markdown] id="memory-why"
# **Why.** Inside $\pm\delta$ a step multiplies $|x|$ by $c-1$. The first value past $\delta$ is $\rho=|x_0|(c-1)^j$,
# after $j$ steps, and the other end is $c\delta-\rho$. Along a stripe the number of steps to $\delta$,
# $\ln(\delta/|x_0|)/\ln(c-1)$, keeps its distance from the next whole number. Multiply $x_0$ by $c-1$ and nothing
# changes but $j$.

# %% [markdown] id="memory-verdict"
# **Verdict: holds**, exactly in one dimension: the difference of the ends is $|2\rho-c\delta|$, at most $(c-2)\delta$.

# %% [markdown] id="chord-claim"
# ## 10 · The chord law
#
# *A curvature for Huber in 50 dimensions, for $|x|$, and for networks.*
#
# **Claim** (not in the paper; the quantity is the directional smoothness of Ahn, Zhang and Sra 2022). Curvature can be
# measured without a second derivative, by the *chord curvature* $\kappa_k$, the directional smoothness of idea 2. On a
# 2-cycle it obeys one law, whatever the loss.

# %% id="chord-predict"
votes.ask("edge_of_stability.chord")

# %% [markdown] id="chord-play-note"
# **Play.** One $\eta$ for all: NGDM on $|x|$, gradient descent on Huber ($n=20$, $p=50$), and three recorded networks
# (up to 0.4). Which of them is on the line for every $\eta$, and why? Find the smallest $\eta$ at which Huber is on it.
# At $\eta=0.1$, which network is furthest below the line in its last 1000 steps?

# %% id="chord-play"
chords = explorers.chord_law()
chords

# %% id="chord-reveal"
problem = problems.huber_problem()  # that of idea 3, and its five learning rates
cs = np.array([1.95, 2.05, 2.5, 4.0, 10.0])
colors = (figures.BLUE, figures.GREEN, figures.ORANGE, figures.VERMILLION, figures.PURPLE)
with reveal("What happens"):
    figure, ax = figures.new(size=(9, 4))
    styles = ("-", "--", "-.", ":", "-")
    for c, color, line in zip(cs, colors, styles, strict=True):
        chord = theory.chord_curvature(trajectories.run(problem, np.zeros(50), c / problem.smoothness, 1000), problem)
        ax.semilogx(np.arange(1, 1001), chord, color=color, linestyle=line, label=f"c = {c:g}")
    ax.axhline(2, **figures.THEORY)
    ax.set(xlabel="step k", ylabel="η · chord curvature", xlim=(1, 1000), ylim=(0, 4.5))
    figures.legend(ax, loc="upper right")
    display(
        figures.show(
            figure,
            "Past the threshold the chord curvature of Huber's loss settles at exactly 2/η, whatever η.",
            alt="η times chord curvature against the step for five learning rates: those past the threshold start at "
            "their own value and settle on the dashed line at 2; the one below it stays below.",
        )
    )

# %% [markdown] id="chord-why"
# **Why.** On a 2-cycle $\beta_+=\beta_--\eta g_-$ and $\beta_-=\beta_+-\eta g_+$. Subtract:
# $g_+-g_-=\tfrac2\eta(\beta_+-\beta_-)$, so the chord curvature is $2/\eta$. No derivative of $g$ occurs. On Huber the
# residuals leave $\pm\delta$ one by one, which flattens the chord. Once all are outside, the change of the gradient is
# fixed, and the chord flattens because it gets longer: about $c\delta$ in each residual.

# %% id="chord-theory"
for c in (2.05, 2.5, 10.0, 100.0):
    run = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 5000)
    chord = theory.chord_curvature(run, problem)[-1]
    inside = np.mean(np.abs(run.iterates[-1] @ problem.X.T - problem.y) < 1)
    print(f"c = {c:6.2f}   η·κ = {chord:.6f}   residuals inside ±δ: {inside:.0%}")

# %% [markdown] id="chord-verdict"
# **Verdict: holds.** On a 2-cycle the chord curvature is $2/\eta$, by two lines of algebra, and exactly so for Huber
# and ℓ1. The networks that reached the edge obey it nearly: they are not on a 2-cycle, but bounce almost back at every
# step. Not shown: that a run *reaches* a 2-cycle. That is what growth decides.
#
# <details><summary>Key to the questions</summary>
#
# $|x|$ is on the line for every $\eta$: within 11 steps it is on a 2-cycle, over which the slope changes by 2 and $x$
# by $\eta$. Huber: 0.2 is the smallest; $2/L=0.147$ lies between it and 0.1, where Huber converges. At 0.1 ReLU: 1.92
# (GELU 1.98, tanh 2.00). ReLU again has not reached the line after 4000 steps at 0.05: 0.94. From 0.2 on all are within
# 0.01 of 2; tanh at 0.4 overflows.
#
# </details>

# %% [markdown] id="local-claim"
# ## 11 · Fewer parameters than samples
#
# *Which learning rates a minimum of Huber's loss tolerates if some residuals there lie beyond $\pm\delta$.*
#
# **Claim.** The paper argues with an over-parameterised problem: the minimum is 0 and the loss is quadratic around it.
# Our consequence: the local threshold is the global $2/L$.

# %% id="local-predict"
votes.ask("edge_of_stability.local")

# %% [markdown] id="local-play-note"
# **Play.** What is special about the smallest $\delta$ at which the dashed and the dotted line meet?

# %% id="local-play"
local = explorers.local_edge()
local

# %% id="local-reveal"
deltas, thresholds = np.geomspace(0.1, 2, 30), {5: [], 20: []}
for p, found in thresholds.items():
    for delta in deltas:
        tall = problems.huber_problem("U[0, 1]", delta, n=50, p=p)
        path = trajectories.run(tall, np.zeros(p), 1 / tall.smoothness, 3000, "fista", record_every=3000)
        interior = np.abs(tall.X @ path.iterates[-1] - tall.y) < delta
        found.append(theory.local_threshold(tall.X, interior) * tall.smoothness)
with reveal("What happens"):
    figure, ax = figures.new(size=(9, 4))
    for (p, found), style in zip(thresholds.items(), (figures.NGDM, figures.NGDM_LARGE), strict=True):
        ax.semilogx(deltas, found, marker="o", **style, label=f"p = {p}")
    ax.axhline(2, **figures.THRESHOLD)
    ax.set(xlabel="δ", ylabel="local threshold, in units of 1/L", xlim=(0.1, 2), ylim=(0, 7))
    ax.set_xticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    ax.minorticks_off()
    figures.legend(ax, loc="upper right")
    display(
        figures.show(
            figure,
            "The smaller δ, the fewer residuals count near the minimum, and the larger the learning rate it tolerates.",
            alt="Local threshold against δ on a logarithmic axis for two numbers of parameters: from 6 and 3 at "
            "δ = 0.1 down to the dotted line at 2.",
        )
    )

# %% [markdown] id="local-why"
# **Why.** Near the minimiser a residual with $|r_i|>\delta$ contributes a constant to the gradient and nothing to its
# derivative. The Hessian there is $X_I^\top X_I/n$ with $I=\{i:|r_i|<\delta\}$, and its largest eigenvalue is at most
# $L$. So the minimum is left at $2/\lambda_{\max}(X_I^\top X_I/n)\ge2/L$, with equality if all residuals are inside.

# %% [markdown] id="local-verdict"
# **Verdict: holds if** $p\ge n$ and $X$ has rank $n$. Otherwise the minimum is in general above 0, and once residuals
# lie beyond $\pm\delta$ it tolerates learning rates above the global $2/L$: 6.28 instead of 2 at $p=5$, $\delta=0.135$.
#
# <details><summary>Key to the goals and questions</summary>
#
# (i) $p=5$ and $\delta\le0.135$: 6.28, with 15 of 50 residuals inside $\pm\delta$. With $p=20$ 3.01 is the most. (ii)
# From $\delta=0.701$ on for $p=5$, from 0.519 on for $p=20$: the first on the slider above the largest residual (0.674,
# 0.453). All residuals are inside, and near the minimum the loss is least squares.
#
# </details>

# %% [markdown] id="logistic-claim"
# ## 12 · A convex loss past 2/L
#
# *Logistic regression, on data that a line separates and on data that none does.*
#
# **Claim** (ours; compare Wu et al. 2024, whose abstract we read). The paper looks for a convex toy problem. One stands
# in every textbook: $f(\beta)=\frac1n\sum_i\ln(1+\exp(-y_i(X\beta)_i))$ with labels $y_i=\pm1$, here 40 samples at
# $(\gamma,1)$ and $(\gamma,-\tfrac12)$ with label 1. Their mirror images with label −1 would add the same. A line
# through 0 separates the two labels, and the *margin* $\gamma$ is its distance from the samples.

# %% id="logistic-predict"
votes.ask("edge_of_stability.logistic")

# %% id="logistic-play"
logistic = explorers.separable_logistic()
logistic

# %% id="logistic-reveal"
with reveal("What happens"):
    for c in (1.9, 4.0, 40.0):
        run = problems.logistic_run(c, steps=20_000)
        rises = (np.diff(run.values[:301]) > 1e-12).sum()
        highest = run.values.max() / run.values[0]
        print(f"separable, c = {c:4.1f}: rises {rises} times, to at most {highest:4.1f} f₀; ", end="")
        print(f"f = {run.values[300]:.1e} after 300 steps, {run.values[-1]:.1e} after 20 000")
    threshold = theory.flipped_threshold(0.1)
    for share in (0.9, 0.98, 1.02, 1.1):
        run = problems.logistic_run(share * threshold, flipped=0.1, steps=2000)
        print(
            f"1 in 10 flipped, c = {share * threshold:.2f}: last two losses {run.values[-2]:.4f}, {run.values[-1]:.4f}"
        )

# %% [markdown] id="logistic-why"
# **Why.** The loss of a sample is straight on its wrong side and flat on its right side, and curved only in between.
# With separable labels $\beta$ runs off to infinity, the loss to 0, and the curvature with it. So $\eta\lambda_{\max}$
# sinks below 2 whatever $\eta$ is. With a share $\varepsilon$ of the labels flipped at each place there is a minimiser.
# The Hessian there is $4\varepsilon(1-\varepsilon)$ times that at 0, so the run settles up to
# $c=1/(2\varepsilon(1-\varepsilon))$, and cycles beyond: 5.56 for one label in ten.

# %% [markdown] id="logistic-verdict"
# **Verdict: holds** (ours). At $40/L$ the loss goes up three times, to 23 times its start, and ends 150 times below the
# run at $1.9/L$. So a convex loss can show half of the phenomenon. It lacks the other half: its sharpness does not rise
# to $2/\eta$ and stay there, it falls away.
#
# <details><summary>Key to the goals</summary>
#
# (i) 3.28. (ii) 0.35. (iii) 5.43: the threshold is 5.56, and the next place of the slider lies above it.
#
# </details>

# %% [markdown] id="silver-claim"
# ## 13 · 2/L is about constant steps
#
# *A schedule with a quarter of its steps above $2/L$ that beats $1/L$ on the worst Huber function.*
#
# **Claim** (ours; the schedule is that of Altschuler and Parrilo 2023, whose abstract we read). On a convex $L$-smooth
# loss, *some* steps far above $2/L$ speed gradient descent up.

# %% id="silver-by-hand"
silver = [1 + (1 + np.sqrt(2)) ** (((k + 1) & -(k + 1)).bit_length() - 2) for k in range(1023)]  # in units of 1/L
print("ηL:", ", ".join(f"{step:.2f}" for step in silver[:15]), "…")
print(f"largest {max(silver):.0f}; {np.mean(np.array(silver) > 2):.0%} are above 2")

# %% id="silver-table"
silver_deltas = np.geomspace(1e-5, 1, 401)  # Huber functions of every δ at once, started at 1
worst = {}
for name, lr in (("1/L", 1.0), ("1.9/L", 1.9), ("silver", trajectories.silver(1.0))):
    bends = Huber(np.array([[1.0]]), np.array([0.0]), silver_deltas, reduction="sum")
    ends = trajectories.run(bends, np.ones((401, 1)), lr, 1023, record_every=1023).values[-1]
    worst[name] = ends.max()
    print(f"{name:6s}: after 1023 steps the worst Huber function is at {ends.max():.2e}, at δ = ", end="")
    print(f"{silver_deltas[ends.argmax()]:.1e}")

# %% [markdown] id="silver-why"
# **Why.** A long step overshoots where the loss is curved, and the short ones around it make that good. Where the loss
# is straight, a long step gains what the short ones do not. With constant steps each iterate has to be safe on its own.
# The schedule is a fractal: after a block of steps comes one long step, and then the block again.

# %% [markdown] id="silver-verdict"
# **Verdict: holds.** 1023 silver steps bring every Huber function that we tried below 3.8e-5. Constant steps of $1/L$
# leave the worst one at 2.4e-4, of $1.9/L$ at 1.3e-4. Not shown: noise, networks. And one cannot stop anywhere: the
# loss is good after $2^m-1$ steps.

# %% [markdown] id="symbols"
# ## Symbols
#
# | Symbol | Meaning |
# |:--|:--|
# | $\eta$, $k$ | learning rate; number of the step |
# | $f$, $f^*$, $f_{\mathrm{best}}$ | loss; its minimum; the lowest value so far |
# | $L$, $G$ | Lipschitz constant of the gradient; bound on the length of the subgradients |
# | $c=\eta L$ | learning rate in units of $1/L$ |
# | $\lambda_{\max}$, $\lambda_i$ | largest eigenvalue of the Hessian (sharpness); its eigenvalues |
# | $x$, $z$ | coordinates in one or two dimensions; $x_k$ an iterate |
# | $\theta_\pm$, $\beta_\pm$ | the two points of a 2-cycle |
# | $g$, $\kappa$ | gradient at an iterate; chord curvature (directional smoothness) |
# | $h_\delta$, $\delta$ | Huber's function; where it passes from a parabola to straight lines |
# | $a$ | size of a symmetric 2-cycle |
# | $\rho$, $j$ | first $\lvert x\rvert$ past $\delta$, one end of Huber's 2-cycle; the number of steps that it takes |
# | $X$, $y$, $n$, $p$ | data with $n$ samples and $p$ columns; responses or labels |
# | $\beta$, $r=y-X\beta$ | parameters of a regression; residuals |
# | $A$, $I$ | active samples of (3); samples with residuals inside $\pm\delta$ |
# | $R$, $T$ | distance from the start to a minimiser; number of steps in a bound |
# | $w(z)$ | half-width of the trough |
# | $u$, $v$ | the two weights of $\tfrac12(uv-1)^2$ |
# | $z\,\Phi(sz)$ | an analytic activation with a bend of steepness $s$; $\Phi$ is the normal distribution function |
# | $q$ | growth exponent beyond $\lvert x\rvert=1$ |
# | $\theta$, $e$, $t$ | weights of a network; top eigenvector of its Hessian; distance along it |
# | $\gamma$, $\varepsilon$ | margin of the logistic data; share of flipped labels |

# %% [markdown] id="thesis"
# ## A verdict on the thesis
#
# The paper asks that gradient descent on smooth losses and NGDM on losses with kinks be treated as *distinct systems
# with different dynamics*. **Verdict: holds if** one asks for limits. In brackets stand rows of the ledger below.
#
# 1. *Distinct in the limit.* An $L$-smooth convex loss with a minimiser has a step, $2/L$, below which gradient descent
#    converges. On the ℓ1 norm, whose minimum is on a kink, there is none: at every constant step the run from almost
#    every start stays in a band as wide as the step (L1, E21).
# 2. *Distinct in what is exact.* An ℓ1 penalty puts the minimiser on kinks. NGDM steps across them and gives no zeros,
#    a proximal step gives them (L10b, L11).
# 3. *Distinct under the Hessian.* On ReLU networks at the edge it reads 0.87 to 0.97 of $2/\eta$, rulers as long as a
#    step 0.98 to 1.01 (E16).
# 4. *Not distinct in a fixed run, if rounded finely enough.* A loss with kinks then has the same iterates (E21).
#    Networks with a steep analytic bend in place of a kink train alike (C5, E21), and past $2/L$ analytic losses cycle
#    as Huber's does (E5, E10).
# 5. *So* what decides is the step's jump against the distance to go, not whether a derivative exists. They are two
#    systems for whoever asks for limits, zeros or second derivatives, and one for whoever watches a run.

# %% [markdown] id="ledger-note"
# ## The ledger
#
# All claims of the four notebooks: what the paper says (P: preliminaries, C: convergence, L: LASSO, E: Edge of
# Stability), its value, ours, and the verdict. Every row is measured when the cell runs, but those that are *not
# checkable*. Where one says *recorded*, a run too long for class was measured once, and the row reads it. Choose a
# verdict, or a source: *printed* in the paper, *reconstructed* where a formula or setting had to be filled in, or
# *ours*.

# %% id="ledger"
claims.browse()

# %% [markdown] id="tests"
# ## Tests
#
# Each slider is driven to its ends and marks, and what the text says is asserted.

# %% id="growth-check" tags=["check"]
growth.drive()
for lr, a in ((2.1, 0.389), (2.5, 0.888), (4.0, 1.915)):
    end = np.abs(trajectories.run(Separable("log-cosh"), [0.01], lr, 5000).iterates[-2:, 0])
    assert np.allclose(end, a, atol=1e-3) and np.allclose(lr * np.tanh(end) / end, 2)
assert np.abs(trajectories.run(Quadratic([[1.0]]), [0.01], 2.1, 400).iterates[-1, 0]) > 1e10

# %% id="phenomenon-check" tags=["check"]
sharpness.drive()
finished = [row for row in recorded.load("edge_of_stability") if row["overflow_step"] is None]
assert (len(finished), sum(abs(row["sharpness"] * row["lr"] / 2 - 1) < 0.05 for row in finished)) == (14, 12)
(slow_relu,) = [row for row in finished if (row["activation"], row["lr"]) == ("relu", 0.1)]
assert max(slow_relu["curves"]["sharpness"]["values"]) > 21 > 18 > slow_relu["sharpness"]
assert slow_relu["directional"] > 0.95 * 2  # it bounces

# %% id="ruler-check" tags=["check"]
rulers.drive()
bouncing = {}
for row in recorded.ruler_runs().values():
    kind = row["activation"]
    bouncing[kind] = bouncing.get(kind, 0) + recorded.bounces(row)
    hessian, secant, directional = (recorded.last_quarter(row, ruler) for ruler in ("hessian", "secant", "directional"))
    if kind == "relu":
        assert hessian < 0.98 < secant < 1.02 and 0.97 < directional < 1.01
    if kind == "bridge-1000":
        assert hessian > 1.04 > secant
    if kind == "leaky":
        assert 1.01 < hessian < secant - 0.015 < 1.07 and abs(directional - 1) < 0.005
assert bouncing == {"gelu": 5, "bridge-10": 2, "bridge-100": 3, "bridge-1000": 6, "relu": 6, "leaky": 6}  # of 6 each

# %% id="huber-check" tags=["check"]
losses.drive()
for c in (2.5, 4.0, 10.0, 100.0):
    assert 0.9 * theory.huber_plateau(c, 1.0) < problems.huber_tail(c) <= c / 2
assert problems.huber_tail(1.95) < 1e-12

# %% id="rise-check" tags=["check"]
rise.drive()
inside = np.abs(rise_run.iterates[:, 0]) <= 1
signs, rising = np.sign(rise_run.iterates[:, 0]), inside[:-1] & inside[1:]
assert (signs[1:] == -signs[:-1]).all()  # flips at every step
assert np.allclose(rise_run.values[1:][rising] / rise_run.values[:-1][rising], 1.1**2)
assert abs(np.argmax(~inside) - theory.huber_rise(2.1, rise_start)) < 1
assert abs(np.diff(rise_run.values[-2:])[0]) > 0.01  # the loss alternates

# %% id="bound-check" tags=["check"]
trough.drive()
assert problems.midpoint_gap(Trough(width), 2) < 1e-12  # convex
assert escape.values.max() <= 0.5 and escape.iterates[-1, 1] > 40
assert (average <= 0.25 / (2 * np.arange(1, len(average) + 1)) + bound).all()

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

# %% id="quadratic-check" tags=["check"]
quadratic.drive()
below, above = etas < 1.99, etas > 2.01
assert (valley_ends[below, 0] < 0.3).all() and (valley_ends[above, 0] > 0.3).all()
assert (np.diff(valley_ends[:, 1]) < 0).all()

# %% id="exponent-check" tags=["check"]
exponent.drive()
for lr in (2.1, 2.5, 4.0):
    for q in (1.2, 1.5, 1.9):
        end = np.abs(trajectories.run(PowerTail(q), [0.01], lr, 8000).iterates[-2:, 0])
        assert np.allclose(end, theory.power_cycle(lr, q))
    for q in (2.0, 2.5):
        x = np.abs(trajectories.run(PowerTail(q), [0.01], lr, 40, on_overflow="ignore").iterates[:, 0])
        assert (x[1:] >= (lr - 1) * x[:-1] * (1 - 1e-12)).all()  # the proof's inequality, at every step

# %% id="secant-check" tags=["check"]
# Needs PyTorch: the checks of the second differences
late = trained.sharpness[trained.sharpness_steps > 1000]
assert abs(late.mean() * trained.lr / 2 - 1) < 0.1  # hovers at 2/η
assert trained.losses[-1] < trained.losses[750] < trained.losses[0] and (np.diff(trained.losses) > 0).sum() > 100
relu, kept = secants["ReLU"], secants["ReLU, states kept"]
assert np.interp(relu[2], distances, relu[1]) > relu[0]  # over one step, above autograd's Hessian …
# … which is the kinks' doing
assert abs(kept[0] / relu[0] - 1) < 1e-3 and np.abs(kept[1] / kept[0] - 1).max() < 0.15 < 1 < relu[1][-1] / relu[0] - 1
assert secants["tanh"][1][-1] < 0.8 * secants["tanh"][1][0] and relu[1][-1] > relu[1][0]

# %% id="memory-check" tags=["check"]
memory.drive()

# %% id="chord-check" tags=["check"]
chords.drive()
late_chords = {(row["activation"], row["lr"]): row["directional"] for row in recorded.load("edge_of_stability")}
for name in ("relu", "tanh", "gelu"):
    assert all(abs(late_chords[name, lr] - 2) < 0.02 for lr in (0.2, 0.3))  # networks: nearly
for c in (2.5, 10.0, 100.0):
    run = trajectories.run(problem, np.zeros(50), c / problem.smoothness, 5000)
    assert np.allclose(theory.chord_curvature(run, problem)[-100:], 2, atol=1e-3)

# %% id="local-check" tags=["check"]
local.drive()
for p, most in ((5, 6), (20, 3)):
    assert min(thresholds[p]) >= 2 - 1e-9 and np.isclose(thresholds[p][-1], 2) and max(thresholds[p]) > most

# %% id="logistic-check" tags=["check"]
logistic.drive()
assert problems.logistic_run(40.0).values[-1] < problems.logistic_run(1.9).values[-1] / 100

# %% id="silver-check" tags=["check"]
assert np.allclose(silver, [trajectories.silver(1.0)(k) for k in range(1023)])
assert worst["silver"] < worst["1/L"] / 5

# %% [markdown] id="read-next"
# ## Read next
#
# * J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar, *Gradient descent on neural networks typically occurs at
#   the edge of stability* (2021): the phenomenon.
# * C. Ma, D. Kunin, L. Wu and L. Ying, *Beyond the quadratic approximation: the multiscale structure of neural network
#   loss landscapes* (2022): subquadratic growth.
# * A. Damian, E. Nichani and J. D. Lee, *Self-stabilization* (2023): why the sharpness comes back to 2/η.
# * L. Chen and J. Bruna, *On gradient descent convergence beyond the edge of stability* (2022): 2-cycles.
# * K. Ahn, J. Zhang and S. Sra, *Understanding the unstable convergence of gradient descent* (2022): directional
#   smoothness.
# * J. Wu, P. Bartlett, M. Telgarsky and B. Yu, *Large stepsize gradient descent for logistic loss* (2024): the convex
#   relative.
# * J. Altschuler and P. Parrilo, *Acceleration by stepsize hedging* (2023): silver steps.
# * J. Cohen, A. Damian, A. Talwalkar, J. Z. Kolter and J. D. Lee, *Understanding optimization in deep learning with
#   central flows* (2024): what happens at the edge. Named here unread.
# * S. K. Kumar, *GD doesn't make the cut*, Section 4.
