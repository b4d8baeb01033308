"""Tests of hopline."""
