"""Recorded runs with truth, and worlds derived from them, against what hopline says of each request."""
