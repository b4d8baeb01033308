"""Events of Envoy's outlier detection: one JSON object each, current and legacy."""

from __future__ import annotations

import json
from typing import Any

from ingest.inventory.model import Context, clean_text, field_of, split_address, text_of, to_integer
from ingest.times import parse_time


def find_event(line: str) -> dict[str, Any] | None:
    """Return the outlier-detection event that a line is; None where it is none."""
    if not line.lstrip().startswith("{") or '"action"' not in line:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or str(event.get("action", "")).lower() not in ("eject", "uneject"):
        return None
    return event if "upstream_url" in event and ("cluster_name" in event or "cluster" in event) else None


def event_row(event: dict[str, Any], number: int, context: Context) -> dict[str, Any]:
    """Return the row of outlier_events; a legacy log writes numbers and booleans as text."""
    address, port = split_address(clean_text(text_of(event, "upstream_url") or "").removeprefix("tcp://"))
    # Envoy leaves out a field that has its default: the first type is CONSECUTIVE_5XX.
    kind = text_of(event, "type") or "CONSECUTIVE_5XX"
    cluster = text_of(event, "cluster_name") or text_of(event, "cluster")
    return {
        "time": parse_time(text_of(event, "timestamp") or text_of(event, "time") or ""),
        "observer_cluster_id": context.names.cluster_id,
        "observer_gateway": context.names.gateway,
        "observer_proxy": context.names.proxy,
        "upstream_cluster": clean_text(cluster) if cluster else None,
        "address": address or None,
        "port": port,
        "action": str(event["action"]).lower(),
        "type": clean_text(kind),
        "enforced": str(event.get("enforced")).lower() == "true",
        "num_ejections": to_integer(field_of(event, "num_ejections")),
        # The legacy log writes -1 where there was no action before.
        "secs_since_last_action": to_integer(field_of(event, "secs_since_last_action")),
        "source": context.source,
        "line": number,
    }
