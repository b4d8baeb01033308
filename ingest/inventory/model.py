"""What the readers of inventory formats have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.names import Names

_SNI_DNAT = re.compile(r"(outbound|inbound)_\.(\d+)_\.(.*?)_\.(.*)", re.DOTALL)


@dataclass(frozen=True)
class Context:
    """Where a file comes from: its name as given, who was asked, and when, as far as it is known."""

    source: str
    names: Names
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a file says: rows of the inventory and outlier_events tables, and how many lines said nothing."""

    inventory: tuple[Mapping[str, Any], ...] = ()
    outlier_events: tuple[Mapping[str, Any], ...] = ()
    unread_lines: int = 0


@dataclass(frozen=True)
class InventoryFormat:
    """One inventory format. `counted_as` is the reason under which its lines stand in `sources.others`."""

    name: str
    title: str
    counted_as: str
    recognise: Callable[[bytes], bool]
    read: Callable[[str, Context], Snapshot]


def split_cluster(cluster: str) -> dict[str, Any]:
    """Return service, service_port and subset of an Envoy cluster name; NULL where it does not say.

    Inbound clusters name a port, and (before Istio 1.8) a service.
    """
    parts = cluster.split("|")
    if len(parts) == 4:
        _, port, subset, host = parts
    elif match := _SNI_DNAT.fullmatch(cluster):
        _, port, subset, host = match.groups()
        subset = "" if subset == "_" else subset
    else:
        return {"service": None, "service_port": None, "subset": None}
    return {
        "service": host or None,
        "service_port": int(port) if port.isdigit() and int(port) < 65536 else None,
        "subset": subset or None,
    }


def split_address(text: str) -> tuple[str | None, int | None]:
    """Return address (without brackets) and port of `ip:port`, `[v6]:port`, `envoy://x/ip:port` or a path."""
    if not text or text == "-":
        return None, None
    host, colon, port = text.rpartition(":")
    if (
        not colon
        or not port.isdigit()
        or int(port) > 65535
        or (":" in host and not host.endswith("]") and "/" not in host)
    ):
        return text, None
    return host.removeprefix("[").removesuffix("]") if "/" not in host else host, int(port)
