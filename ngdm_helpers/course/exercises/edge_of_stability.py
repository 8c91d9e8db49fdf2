"""The exercises of notebook 4."""
