"""bytes -> Arrow: Envoy access logs and inventories become typed tables."""

from __future__ import annotations

from ingest.detection import Detection, FormatShare, detect
from ingest.evidence import Evidence
from ingest.flags import Flag, load_flags
from ingest.formats import LogFormat, load_formats
from ingest.operators import Operator, load_operators
from ingest.pipeline import Parsed, parse
from ingest.reading import Progress

__all__ = [
    "Detection",
    "Evidence",
    "Flag",
    "FormatShare",
    "LogFormat",
    "Operator",
    "Parsed",
    "Progress",
    "detect",
    "load_flags",
    "load_formats",
    "load_operators",
    "parse",
]
