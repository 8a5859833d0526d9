"""Losses, one idea a file; each has a slow NumPy version from its paper in its test."""
