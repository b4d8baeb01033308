"""Events of Envoy's active health checks: one JSON object each."""

from __future__ import annotations

import json
from typing import Any

from ingest.inventory.model import Context, address_of, clean_text, field_of, text_of
from ingest.times import parse_time

#: What changes whether a host is used; checks that failed or went well without that are only counted.
_ACTIONS = {"eject_unhealthy_event": "eject", "add_healthy_event": "uneject"}
_OTHERS = (
    "health_check_failure_event",
    "successful_health_check_event",
    "degraded_healthy_host",
    "no_longer_degraded_host",
)


def find_event(line: str) -> dict[str, Any] | None:
    """Return the health-check event that a line is; None where it is none."""
    if not line.lstrip().startswith("{") or ('"health_checker_type"' not in line and '"cluster_name"' not in line):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(event, dict) and "cluster_name" in event and "host" in event
    return event if known and any(name in event for name in (*_ACTIONS, *_OTHERS)) else None


def event_row(event: dict[str, Any], number: int, context: Context) -> dict[str, Any] | None:
    """Return the row of outlier_events for an event that took a host out or back; None for any other.

    `type` is HEALTH_CHECK_ and the kind of failure, such as HEALTH_CHECK_NETWORK; HEALTH_CHECK on the return.
    """
    name = next((name for name in _ACTIONS if name in event), None)
    if name is None:
        return None
    address, port = address_of(event["host"])
    failure = text_of(field_of(event, name), "failure_type")
    return {
        "time": parse_time(text_of(event, "timestamp") or ""),
        "observer_cluster_id": context.names.cluster_id,
        "observer_gateway": context.names.gateway,
        "observer_proxy": context.names.proxy,
        "upstream_cluster": clean_text(text_of(event, "cluster_name") or "") or None,
        "address": clean_text(address) if address else None,
        "port": port,
        "action": _ACTIONS[name],
        # Envoy leaves out a field that has its default: the first kind of failure is ACTIVE.
        "type": clean_text(f"HEALTH_CHECK_{failure or 'ACTIVE'}") if _ACTIONS[name] == "eject" else "HEALTH_CHECK",
        "enforced": True,
        "num_ejections": None,
        "secs_since_last_action": None,
        "source": context.source,
        "line": number,
    }
