"""Envoy's event logs: outlier detection and active health checks, which may share one file."""

from __future__ import annotations

from typing import Any

from ingest.inventory import health_events, outlier_events
from ingest.inventory.model import Context, InventoryFormat, Snapshot

#: Lines at the start of a file by which it is recognised.
SAMPLE_LINES = 200


def _is_log_of(head: bytes, *, health: bool) -> bool:
    """Say whether a file is an event log whose first event is one of a health check, or of outlier detection.

    Three quarters of its lines have to be events: a log of requests with events among them is a log of requests.
    """
    lines = [line for line in head.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    if len(lines) > 1 and not head.endswith(b"\n"):
        lines = lines[:-1]
    if not any(line.lstrip().startswith(b"{") for line in lines[:4]):
        return False
    found = [kind for line in lines if (kind := _kind_of(line.decode("utf-8", "replace")))]
    return len(found) * 4 >= len(lines) * 3 and found[:1] == ["health" if health else "outlier"]


def _kind_of(line: str) -> str | None:
    if outlier_events.find_event(line) is not None:
        return "outlier"
    return "health" if health_events.find_event(line) is not None else None


def _read(text: str, context: Context) -> Snapshot:
    rows: list[dict[str, Any]] = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        if event := outlier_events.find_event(line):
            rows.append(outlier_events.event_row(event, number, context))
        elif event := health_events.find_event(line):
            row = health_events.event_row(event, number, context)
            rows += [] if row is None else [row]
        elif line.strip():
            unread += 1
    return Snapshot(outlier_events=tuple(rows), unread_lines=unread)


OUTLIER_EVENTS = InventoryFormat(
    name="envoy-outlier-events",
    title="Envoy outlier-detection event log",
    counted_as="outlier_event",
    recognise=lambda head: _is_log_of(head, health=False),
    read=_read,
)
HEALTH_EVENTS = InventoryFormat(
    name="envoy-health-events",
    title="Envoy health-check event log",
    counted_as="health_event",
    recognise=lambda head: _is_log_of(head, health=True),
    read=_read,
)
