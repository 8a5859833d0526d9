"""Answers to texts and keyboards: functions without I/O."""
