"""How the weights are made and measured. Never imported by what serves."""
