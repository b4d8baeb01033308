"""Envoy's outlier-detection event log: one JSON object per line, current and legacy."""

from __future__ import annotations

import json
from typing import Any

from ingest.inventory.model import Context, InventoryFormat, Snapshot, split_address
from ingest.times import parse_time


def _recognise(head: bytes) -> bool:
    first = next((line for line in head.splitlines() if line.strip()), b"")
    return _event(first.decode("utf-8", "replace")) is not None


def _event(line: str) -> dict[str, Any] | None:
    if not line.lstrip().startswith("{") or '"action"' not in line:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or str(event.get("action", "")).lower() not in ("eject", "uneject"):
        return None
    return event if "upstream_url" in event and ("cluster_name" in event or "cluster" in event) else None


def _read(text: str, context: Context) -> Snapshot:
    rows = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        event = _event(line)
        if event is not None:
            rows.append(_row(event, number, context))
        elif line.strip():
            unread += 1
    return Snapshot(outlier_events=tuple(rows), unread_lines=unread)


def _row(event: dict[str, Any], number: int, context: Context) -> dict[str, Any]:
    address, port = split_address(str(event["upstream_url"]).removeprefix("tcp://"))
    enforced = event.get("enforced")
    since = _integer(event.get("secs_since_last_action"))
    action = str(event["action"]).lower()
    return {
        "time": parse_time(str(event.get("timestamp") or event.get("time") or "")),
        "observer_cluster_id": context.names.cluster_id,
        "observer_gateway": context.names.gateway,
        "observer_proxy": context.names.proxy,
        "upstream_cluster": event.get("cluster_name") or event.get("cluster"),
        "address": address,
        "port": port,
        "action": action,
        # Envoy leaves out a field that has its default: the first type is CONSECUTIVE_5XX.
        "type": str(event.get("type") or "CONSECUTIVE_5XX"),
        "enforced": enforced if isinstance(enforced, bool) else str(enforced).lower() == "true",
        "num_ejections": _integer(event.get("num_ejections")),
        "secs_since_last_action": None if since is None or since < 0 else since,
        "source": context.source,
        "line": number,
    }


def _integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


FORMAT = InventoryFormat(
    name="envoy-outlier-events",
    title="Envoy outlier-detection event log",
    counted_as="outlier_event",
    recognise=_recognise,
    read=_read,
)
