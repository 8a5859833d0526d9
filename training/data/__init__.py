"""Readers and samplers of training data."""
