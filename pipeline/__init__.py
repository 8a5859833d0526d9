"""From a photo's bytes to faces with embeddings. Knows no gallery, no wording, no Telegram."""
