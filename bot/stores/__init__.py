"""Where conversations and people's settings are kept: memory, SQLite, Redis."""
