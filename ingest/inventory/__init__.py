"""What the mesh declared and Envoy knew: inventory files, found out by content.

A format is one module here with a FORMAT: its name, how its beginning is recognised, and how it is read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.inventory.cluster_statuses import FORMAT as CLUSTERS_JSON
from ingest.inventory.clusters_text import FORMAT as CLUSTERS_TEXT
from ingest.inventory.config_dump import FORMAT as CONFIG_DUMP
from ingest.inventory.endpoint_tables import FORMAT as ENDPOINT_TABLES
from ingest.inventory.event_logs import HEALTH_EVENTS, OUTLIER_EVENTS
from ingest.inventory.kubernetes import FORMAT as KUBERNETES
from ingest.inventory.load_assignments import FORMAT as LOAD_ASSIGNMENTS
from ingest.inventory.model import Context, InventoryFormat, Snapshot
from ingest.inventory.pod_tables import FORMAT as POD_TABLES
from ingest.inventory.preamble import find_time
from ingest.inventory.stats import FORMAT as STATS

#: Every format, in the order in which they are tried.
FORMATS: tuple[InventoryFormat, ...] = (
    CONFIG_DUMP,
    CLUSTERS_JSON,
    LOAD_ASSIGNMENTS,
    KUBERNETES,
    CLUSTERS_TEXT,
    ENDPOINT_TABLES,
    POD_TABLES,
    OUTLIER_EVENTS,
    HEALTH_EVENTS,
    STATS,
)

#: What `curl -i` prints before the page.
_HTTP_HEAD = re.compile(rb"HTTP/[0-9.]+ 200[^\n]*\n(?:[A-Za-z0-9-]+:[^\n]*\n)*\r?\n")


def recognise(head: bytes) -> InventoryFormat | None:
    """Return the inventory format of a file from its first bytes (some 256 KB); None where it is none."""
    match = _HTTP_HEAD.match(head)
    page = head[match.end() :] if match else head
    return next((known for known in FORMATS if known.recognise(page)), None)


def read_snapshot(known: InventoryFormat, text: str, context: Context) -> Snapshot:
    """Return what the text of a file says; raise InventoryError, and nothing else, where it is broken.

    Its time is that of the context, else what its first lines say.
    """
    if context.observed_at is None:
        context = replace(context, observed_at=find_time(text))
    match = _HTTP_HEAD.match(text[: 64 << 10].encode("utf-8", "replace"))
    if match:
        # Empty lines in its place keep the numbers of the others.
        head = match[0].count(b"\n")
        text = "\n" * head + text.split("\n", head)[head]
    return known.read(text, context)


__all__ = ["FORMATS", "Context", "InventoryFormat", "Snapshot", "read_snapshot", "recognise"]
