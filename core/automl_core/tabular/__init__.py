"""Reading tables and saying what is in them, without pandas."""
