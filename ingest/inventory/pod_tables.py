"""The table of `kubectl get pods -o wide`, with or without header and namespace."""

from __future__ import annotations

import re
from typing import Any

from ingest.inventory.model import Context, InventoryFormat, Snapshot, endpoint_row
from ingest.inventory.pods import OVER, is_address

_HEADER = re.compile(r"\s*(?:NAMESPACE\s+)?NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\b.*")
_ROW = re.compile(
    r"\s*(?:(?P<namespace>[a-z0-9-]+)\s+)?(?P<name>[a-z0-9.-]+)\s+(?P<ready>\d{1,4})/(?P<all>\d{1,4})\s+"
    r"(?P<status>[A-Za-z]\S*)\s+\d+(?:\s+\([^()]{1,40}\))?\s+(?P<age>\d\S*|<\w+>)\s+"
    r"(?P<address>[0-9a-fA-F.:]+|<none>)\s+(?P<node>\S+)(?:\s.*)?"
)


def _recognise(head: bytes) -> bool:
    lines = head[: 64 << 10].decode("utf-8", "replace").split("\n")
    lines = [line for line in (lines[:-1] if len(lines) > 1 else lines)[:40] if line.strip()]
    rows = sum(_ROW.fullmatch(line) is not None for line in lines)
    return rows * 2 > len(lines) or any(_HEADER.fullmatch(line) for line in lines[:10])


def _read(text: str, context: Context) -> Snapshot:
    rows: list[dict[str, Any]] = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        match = _ROW.fullmatch(line)
        if match is None:
            unread += bool(line.strip()) and _HEADER.fullmatch(line) is None
        elif is_address(match["address"]) and match["status"].lower() not in OVER:
            rows.append(
                endpoint_row(
                    context,
                    number,
                    address=match["address"],
                    cluster_id=context.names.cluster_id,
                    health=_health(match),
                    workload=match["name"],
                    node=None if match["node"] == "<none>" else match["node"],
                )
            )
    return Snapshot(inventory=tuple(rows), unread_lines=unread)


def _health(row: re.Match[str]) -> str:
    if row["status"] == "Terminating":
        return "draining"
    return "healthy" if row["ready"] == row["all"] and row["status"] == "Running" else "unhealthy"


FORMAT = InventoryFormat(
    name="kubectl-pods",
    title="kubectl get pods -o wide, table",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
