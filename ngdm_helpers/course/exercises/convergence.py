"""The exercises of notebook 2."""
