"""Tables of istioctl: `proxy-config endpoints` (ENDPOINT ...) and the hidden `proxy-config eds` (NAME ...).

Cells hold no spaces, so that rows are read without their header, grepped or aligned anew: the first cell is the
address, the second the status, the last the cluster; one between them is an outlier check or a locality.
"""

from __future__ import annotations

import re
from typing import Any

from ingest.inventory.model import (
    Context,
    InventoryFormat,
    Snapshot,
    endpoint_row,
    health_of,
    split_address,
    split_locality,
)

_HEADER = re.compile(r"\s*(?:ENDPOINT|NAME)\s+STATUS\s+(?:OUTLIER CHECK\s+|LOCALITY\s+)*CLUSTER\s*")
_STATUS = "HEALTHY|UNHEALTHY|DRAINING|TIMEOUT|DEGRADED|UNKNOWN"
_ROW = re.compile(
    rf"\s*(?P<names>\S+(?:,\s\S+)*)\s+(?P<status>{_STATUS})(?:\s+(?P<outlier>OK|FAILED))?(?:\s+(?P<locality>\S+))?"
    r"\s+(?P<cluster>\S+)\s*"
)
#: Where the row has no header, its first cell has to look like an address.
_ADDRESS = re.compile(r"(?:endpoint/)?(?:\S*:\d{1,5}|\.{0,2}/\S+|envoy://\S*|unix:\S+|unknown)")
_V6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*(?:%\w+)?")


def _recognise(head: bytes) -> bool:
    lines = head[: 64 << 10].decode("utf-8", "replace").split("\n")
    lines = [line for line in (lines[:-1] if len(lines) > 1 else lines)[:40] if line.strip()]
    if any(_HEADER.fullmatch(line) for line in lines[:10]):
        return True
    rows = [match for line in lines if (match := _ROW.fullmatch(line))]
    found = sum(_ADDRESS.fullmatch(name) is not None for row in rows for name in row["names"].split(",")[:1])
    return found * 2 > len(lines)


def _read(text: str, context: Context) -> Snapshot:
    rows: list[dict[str, Any]] = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        match = _ROW.fullmatch(line)
        if match:
            rows += [
                endpoint_row(
                    context,
                    number,
                    upstream_cluster=match["cluster"],
                    address=address,
                    port=port,
                    **split_locality(match["locality"]),
                    health=health_of(match["status"]),
                    ejected={"OK": False, "FAILED": True}.get(match["outlier"] or ""),
                )
                for address, port in _split_names(match["names"])
                if address and address != "unknown"
            ]
        elif line.strip() and not _HEADER.fullmatch(line):
            unread += 1
    return Snapshot(inventory=tuple(rows), unread_lines=unread)


def _split_names(names: str) -> list[tuple[str | None, int | None]]:
    """Return address and port of each of the comma-joined names of an endpoint (a dual-stack one has two)."""
    return [_split_name(name.strip()) for name in names.split(",") if name.strip()]


def _split_name(name: str) -> tuple[str | None, int | None]:
    name = name.removeprefix("endpoint/") if not name.startswith("endpoint/endpoint/") else name
    # istioctl prints v6 addresses without brackets, and always a port.
    host, _, port = name.rpartition(":")
    if _V6.fullmatch(host) and port.isascii() and port.isdigit():
        return split_address(f"[{host}]:{port}")
    return split_address(name)


FORMAT = InventoryFormat(
    name="istioctl-endpoints",
    title="istioctl proxy-config endpoints or eds, table",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
