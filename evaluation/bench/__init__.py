"""How long a photo takes, beside what people would install instead: `make bench`."""
