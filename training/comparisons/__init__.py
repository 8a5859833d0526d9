"""Experiments side by side at equal budgets; not the way to the shipped files."""
