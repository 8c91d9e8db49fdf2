"""The site: a folder for any web host, in which the notebooks and their sliders live without a server.

`build` writes it, `release` gathers Pyodide, `pages` has the HTML. `kernel` and `store` run in Pyodide.
"""
