"""Figures from arrays: verification, identification, detection, landmarks, intervals. NumPy only, no files."""
