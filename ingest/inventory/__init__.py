"""What the mesh declared and Envoy knew: inventory files, found out by content.

A format is one module here with a FORMAT: its name, how its beginning is recognised, and how it is read.
"""

from __future__ import annotations

from ingest.inventory.clusters_text import FORMAT as CLUSTERS_TEXT
from ingest.inventory.config_dump import FORMAT as CONFIG_DUMP
from ingest.inventory.model import Context, InventoryFormat, Snapshot
from ingest.inventory.outlier_events import FORMAT as OUTLIER_EVENTS

#: Every format, in the order in which they are tried.
FORMATS: tuple[InventoryFormat, ...] = (CONFIG_DUMP, CLUSTERS_TEXT, OUTLIER_EVENTS)


def recognise(head: bytes) -> InventoryFormat | None:
    """Return the inventory format of a file from its first bytes (some 64 KB); None where it is none."""
    return next((known for known in FORMATS if known.recognise(head)), None)


__all__ = ["FORMATS", "Context", "InventoryFormat", "Snapshot", "recognise"]
