"""The embedder: networks, training, choice, export."""
