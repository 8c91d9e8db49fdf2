"""Claims C1–C7 of notebook 2, and the problems that measure them."""

CLAIMS = ()
