"""The gallery: who is in it and who is near. Knows no photo, no Telegram."""
