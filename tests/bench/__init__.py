"""Benchmarks: lines as a busy mesh writes them, with the truth beside them, and other readers to compare with."""
