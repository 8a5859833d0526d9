"""The face detector: recipe, pictures, training, score, export."""
