"""bytes -> Arrow: Envoy access logs and inventories become typed tables."""

from __future__ import annotations

from ingest.evidence import Evidence
from ingest.pipeline import Parsed, parse
from ingest.reading import Progress

__all__ = ["Evidence", "Parsed", "Progress", "parse"]
