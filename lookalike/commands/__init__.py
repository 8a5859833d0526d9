"""One module a command group of the terminal; `lookalike.cli` gathers them."""
