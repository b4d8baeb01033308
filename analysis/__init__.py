"""Arrow -> answers: DuckDB views that attribute requests and tell failovers."""
