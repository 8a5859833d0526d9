"""One module a command group of the terminal; `lookalike.cli.main` gathers them."""
