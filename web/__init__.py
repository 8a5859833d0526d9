"""The page in a browser and the JSON API beside it, over lookalike.serving. No Telegram."""
