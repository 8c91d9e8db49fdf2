# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] id="title" slideshow={"slide_type": "slide"}
# # 2 · Convergence: what a kink changes, and what it does not

# %% id="imports" slideshow={"slide_type": "skip"}
import numpy as np

from ngdm_helpers import claims, explorers, figures, theory, trajectories

# %% [markdown] id="capture-claim" slideshow={"slide_type": "slide"}
# ## 1 · Cube, ball, sublevel set

# %% [markdown] id="figure-claim" slideshow={"slide_type": "slide"}
# ## 2 · Figure 1, reproduced and tested

# %% [markdown] id="smoothness-claim" slideshow={"slide_type": "slide"}
# ## 3 · L-smoothness at a kink

# %% [markdown] id="rates-claim" slideshow={"slide_type": "slide"}
# ## 4 · Rates

# %% [markdown] id="depth-claim" slideshow={"slide_type": "slide"}
# ## 5 · Figure 2: depth and activation

# %% [markdown] id="forward-claim" slideshow={"slide_type": "slide"}
# ## 6 · The way forward
