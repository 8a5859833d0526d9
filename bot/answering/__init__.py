"""From "a photo came" to "its card is sent": turns, limits, notices, pictures, replies."""
