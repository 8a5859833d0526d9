"""How figures are shown: tables, one HTML page, README, model cards."""
