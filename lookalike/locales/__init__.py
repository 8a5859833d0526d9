"""Catalogues of the bot's and the cards' texts: English in the code, other languages in */LC_MESSAGES/messages.po."""
