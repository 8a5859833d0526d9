"""Telegram in front of lookalike."""
