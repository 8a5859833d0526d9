"""What is measured together, each suite one JSON document: shipped figures, robustness, each network in depth."""
