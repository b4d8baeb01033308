"""Hostile bytes for ingest: real lines changed at random, and what must hold whatever they are."""
