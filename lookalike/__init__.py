"""What the product does with pipeline and gallery; every front end calls this."""
