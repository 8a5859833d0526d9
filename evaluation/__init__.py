"""What the shipped networks are worth, measured.

NumPy-only metrics (training imports them), the data pack's readers, and the report behind `lookalike evaluate`.
"""
