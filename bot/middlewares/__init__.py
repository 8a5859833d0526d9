"""One trap of the Bot API a file."""
