"""The exercises of notebook 3."""
