"""The exercises of notebook 1."""
