"""What the readers of inventory formats have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.names import Names

_SNI_DNAT = re.compile(r"(outbound|inbound)_\.(\d+)_\.(.*?)_\.(.*)", re.DOTALL)
_INTEGER = re.compile(r"\d{1,18}(?:\.0+)?", re.ASCII)
_HEALTH = ("healthy", "healthy", "unhealthy", "draining", "timeout", "degraded")


@dataclass(frozen=True)
class Context:
    """Where a file comes from: its name as given, who was asked, and when, as far as it is known."""

    source: str
    names: Names
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a file says: rows of the public tables, and how many lines said nothing."""

    inventory: tuple[Mapping[str, Any], ...] = ()
    outlier_events: tuple[Mapping[str, Any], ...] = ()
    mesh_config: tuple[Mapping[str, Any], ...] = ()
    endpoint_counters: tuple[Mapping[str, Any], ...] = ()
    unread_lines: int = 0


@dataclass(frozen=True)
class InventoryFormat:
    """One inventory format. `counted_as` is the reason under which its lines stand in `sources.others`.

    `recognise` looks at the first bytes of a file and never raises. `read` takes the whole text; it raises
    InventoryError, and nothing else, where the text is broken.
    """

    name: str
    title: str
    counted_as: str
    recognise: Callable[[bytes], bool]
    read: Callable[[str, Context], Snapshot]


def endpoint_row(context: Context, line: int, **facts: Any) -> dict[str, Any]:
    """Return a row of the inventory: `facts` by column, empty text and numbers out of range made NULL.

    Service, port and subset come from `upstream_cluster` where they are not given.
    """
    row: dict[str, Any] = {
        "observed_at": context.observed_at,
        "observer_cluster_id": context.names.cluster_id,
        "observer_gateway": context.names.gateway,
        "observer_proxy": context.names.proxy,
        **split_cluster(str(facts.get("upstream_cluster") or "")),
        **facts,
        "source": context.source,
        "line": line,
    }
    for name in ("service_port", "port"):
        row[name] = to_integer(row.get(name), 65535)
    row["priority"] = to_integer(row.get("priority"), 2**31 - 1)
    row["weight"] = to_integer(row.get("weight"))
    return {name: (clean_text(value) or None) if isinstance(value, str) else value for name, value in row.items()}


def counter_row(
    context: Context,
    line: int,
    *,
    cluster: str | None,
    counter: str,
    value: object,
    address: str | None = None,
    port: int | None = None,
) -> dict[str, Any] | None:
    """Return a row of endpoint_counters, for a whole cluster where `address` is None; None for no whole number."""
    number = to_integer(value)
    if number is None or not cluster:
        return None
    return {
        "observed_at": context.observed_at,
        "observer_cluster_id": context.names.cluster_id,
        "observer_gateway": context.names.gateway,
        "observer_proxy": context.names.proxy,
        "upstream_cluster": clean_text(cluster),
        "address": clean_text(address) if address else None,
        "port": port,
        "counter": clean_text(counter),
        "value": number,
        "source": context.source,
        "line": line,
    }


def clean_text(text: str) -> str:
    r"""Return text that can be written as UTF-8; halves of surrogate pairs, which JSON can hold, become \udXXX."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8", "replace")


def to_integer(value: object, most: int = 2**62) -> int | None:
    """Return a whole number from 0 to `most`, from a number or its text; None for anything else."""
    if isinstance(value, bool) or value is None or not _INTEGER.fullmatch(str(value)):
        return None
    number = int(str(value).partition(".")[0])
    return number if 0 <= number <= most else None


def field_of(value: Any, name: str) -> Any:
    """Return a field of a JSON object by its snake_case name, however its keys are cased; None where it has none."""
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return value[name]
    head, *rest = name.split("_")
    return value.get(head + "".join(word.title() for word in rest))


def text_of(value: Any, name: str) -> str | None:
    """Return a field as text; None where there is none, or it is no scalar."""
    found = field_of(value, name)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "" else None


def items_of(value: Any, name: str) -> list[Any]:
    """Return a field that is a list; an empty one where there is none."""
    found = field_of(value, name)
    return found if isinstance(found, list) else []


def health_of(value: object) -> str:
    """Return Envoy's health status, by name or number, in lower case; what is unknown counts as healthy there."""
    text = str(value if value is not None else "UNKNOWN").lower()
    if text.isascii() and text.isdigit():
        return _HEALTH[int(text)] if len(text) == 1 and int(text) < len(_HEALTH) else "healthy"
    return text if text in _HEALTH else "healthy"


def address_of(address: Any) -> tuple[str | None, int | None]:
    """Return address and port of Envoy's Address message: a socket, a pipe, or an internal listener."""
    socket = field_of(address, "socket_address")
    if host := text_of(socket, "address"):
        return host, to_integer(field_of(socket, "port_value"), 65535)
    if path := text_of(field_of(address, "pipe"), "path"):
        return path, None
    internal = field_of(address, "envoy_internal_address")
    if listener := text_of(internal, "server_listener_name"):
        return f"envoy://{listener}/{text_of(internal, 'endpoint_id') or ''}", None
    return None, None


def split_locality(text: str | None) -> dict[str, str | None]:
    """Return region, zone and subzone of `region/zone/subzone`, of which the last ones may be missing."""
    parts = [part or None for part in (text or "").split("/", 2)]
    parts += [None] * (3 - len(parts))
    return dict(zip(("region", "zone", "subzone"), parts, strict=True))


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
    return {"service": host or None, "service_port": to_integer(port, 65535), "subset": subset or None}


def split_address(text: str) -> tuple[str | None, int | None]:
    """Return address (without brackets) and port of `ip:port`, `[v6]:port`, `envoy://x/ip:port` or a path."""
    if not text or text == "-":
        return None, None
    host, colon, port = text.rpartition(":")
    number = None if "." in port else to_integer(port, 65535)
    if not colon or number is None or (":" in host and not host.endswith("]") and "/" not in host):
        return text, None
    return host.removeprefix("[").removesuffix("]") if "/" not in host else host, number
