"""The scoreboard: every recorded incident, what hopline says of it, and what the clients saw."""
