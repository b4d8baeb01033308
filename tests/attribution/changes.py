"""What can be wrong with logs: each function makes another world of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from tests.attribution.worlds import Row, World

#: What a change may be about, by the role of the proxy.
ROLES = {"ingress": "ingress", "east-west": "east_west", "sidecars": "sidecar_inbound"}


def apply(world: World, change: str) -> World:
    """Apply one change, as cases.toml names it: `without sidecars`, `east-west +2 s`, `ports reused` ..."""
    kind, _, rest = change.partition(" ")
    if change == "without inventory":
        return replace(world, inventory=())
    if kind == "without":
        proxy_or_role = ROLES.get(rest, rest)
        return _with_entries(world, lambda row: None if proxy_or_role in (row["role"], row["proxy"]) else row)
    if kind in ROLES:
        seconds = float(rest.removesuffix(" s"))
        return _with_entries(world, lambda row: _shift(row, seconds) if row["role"] == ROLES[kind] else row)
    return {
        "every second connection without a line": lambda world: _lose_lines(world, 0, 2),
        "every third connection without a line": lambda world: _lose_lines(world, 2, 3),
        "ports reused": _reuse_ports,
        "ingress-2 in another cluster with the same addresses": _overlap_networks,
        "ingress-2 in another cluster, through an address of its own": _overlap_behind_two_addresses,
        "lines written every second": _flush_lines,
        "lines written every second, the last ones not": _flush_lines_without_ends,
    }[change](world)


def end_of(row: Row) -> datetime:
    """Return when an entry ended."""
    end: datetime = row["start_time"] + timedelta(milliseconds=row["duration_ms"] or 0)
    return end


def _with_entries(world: World, change: Callable[[Row], Row | None]) -> World:
    return replace(world, entries=tuple(new for row in world.entries if (new := change(row)) is not None))


def _shift(row: Row, seconds: float) -> Row:
    """Return an entry as a proxy whose clock is fast by `seconds` would have logged it."""
    return {**row, "start_time": row["start_time"] + timedelta(seconds=seconds)}


def _lose_lines(world: World, first: int, step: int) -> World:
    lines = sorted((row for row in world.entries if row["role"] == "east_west"), key=lambda row: row["start_time"])
    lost = {(row["source"], row["line"]) for row in lines[first::step]}
    return _with_entries(world, lambda row: None if (row["source"], row["line"]) in lost else row)


def _reuse_ports(world: World) -> World:
    """Give every ingress as few ports as it can do with; a port is free again one second after its last use."""
    new: dict[str, str] = {}
    for ip, uses in groupby(_uses(world), key=lambda use: use[0].rpartition(":")[0]):
        free_from: list[datetime] = []
        for address, first, last in sorted(uses, key=lambda use: use[1]):
            port = next((n for n, until in enumerate(free_from) if until < first), len(free_from))
            free_from[port : port + 1] = [last + timedelta(seconds=1)]
            new[address] = f"{ip}:{40000 + port}"
    return _readdress(world, new)


def _uses(world: World) -> list[tuple[str, datetime, datetime]]:
    """Return from when to when each address of an ingress was in use, by its own log and the east-west gateway's."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for row in world.entries:
        address = {"ingress": row["upstream_local_address"], "east_west": row["downstream_remote_address"]}.get(
            row["role"]
        )
        if address and (row["role"] == "east_west" or ":15443" in (row["upstream_host"] or "")):
            first, last = spans.get(address, (row["start_time"], end_of(row)))
            spans[address] = (min(first, row["start_time"]), max(last, end_of(row)))
    return sorted((address, first, last) for address, (first, last) in spans.items())


def _readdress(world: World, new: dict[str, str]) -> World:
    def change(row: Row) -> Row:
        name = {"ingress": "upstream_local_address", "east_west": "downstream_remote_address"}.get(row["role"], "")
        return {**row, name: new.get(row[name], row[name])} if name else row

    return _with_entries(world, change)


def _overlap_networks(world: World) -> World:
    """Give ingress-2 another cluster and the IP address of ingress-1; every third of its ports is one of those too."""
    uses = sorted(_uses(world), key=lambda use: use[1])
    first, second = ([use[0] for use in uses if use[0].startswith(f"127.1.0.1{n}:")] for n in (1, 2))
    assert first
    assert second
    new = {address: address.replace("127.1.0.12:", "127.1.0.11:") for address in second}
    moved = _readdress(world, new | dict(zip(second[::3], first, strict=False)))
    return _with_entries(moved, lambda row: {**row, "cluster_id": "cluster3"} if row["proxy"] == "ingress-2" else row)


def _overlap_behind_two_addresses(world: World) -> World:
    """The same, but the east-west gateway has an address for each network, and its lines say which."""
    own = {row["downstream_remote_address"] for row in world.entries if row["role"] == "east_west"}
    own = {address for address in own if address and address.startswith("127.1.0.12:")}
    other = "127.2.0.11:15443"

    def change(row: Row) -> Row:
        if row["role"] == "east_west" and row["downstream_remote_address"] in own:
            return {**row, "downstream_local_address": other}
        if row["proxy"] == "ingress-2" and row["upstream_host"] == "127.2.0.10:15443":
            return {**row, "upstream_host": other}
        return row

    return _overlap_networks(_with_entries(world, change))


def _flush_lines(world: World) -> World:
    return replace(world, entries=tuple(_flushed(world, with_ends=True)))


def _flush_lines_without_ends(world: World) -> World:
    return replace(world, entries=tuple(_flushed(world, with_ends=False)))


def _flushed(world: World, *, with_ends: bool) -> Iterator[Row]:
    for row in world.entries:
        if row["role"] == "east_west":
            for line, ms in enumerate(range(1000, row["duration_ms"], 1000)):
                yield {**row, "duration_ms": ms, "line": row["line"] * 1000 + line}
            if with_ends:
                yield {**row, "line": row["line"] * 1000 + 999}
        else:
            yield row
