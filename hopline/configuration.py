"""`hopline.toml`: sources, networks, primaries, objectives, time zone and redaction of people who ask again and again.

The keys are a table (`_KEYS`), so that an unknown one is an error that names the nearest known one. Paths in the file
are relative to the folder that the file is in.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hopline.moments import check_zone
from hopline.redaction import KINDS
from ingest.errors import ConfigError, UsageError

#: Read when it lies in the current folder and `--config` names no other.
DEFAULT_NAME = "hopline.toml"


@dataclass(frozen=True)
class NetworkEntry:
    """One `[networks.NAME]`, or one `[[networks.NAME]]` of several: what lies in it, named as in `analysis.Network`."""

    name: str
    cluster: str | None = None
    region: str | None = None
    zone: str | None = None
    cidrs: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """What a `hopline.toml` says; None and empty where it says nothing. `path` is the file, None where there is none.

    `logs`, `inventory`, `log_format_from` and `store` are as on the command line, their paths made relative to the
    current folder.
    """

    path: Path | None = None
    logs: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    store: str | None = None
    log_format: str | None = None
    log_format_from: tuple[str, ...] = ()
    time_zone: str | None = None
    redact: tuple[str, ...] = ()
    primary: str | None = None
    primaries: tuple[tuple[str, str], ...] = ()
    networks: tuple[NetworkEntry, ...] = ()
    max_failover_seconds: float | None = None
    max_failed: int | None = None
    slo: float | None = None
    hold_down: float | None = None
    hold_down_requests: int | None = None
    merge_gap: float | None = None
    full_share: float | None = None


def read_configuration(named: Path | None) -> Configuration:
    """Return what `named` says, or else the `hopline.toml` of the current folder, or else nothing.

    Raises ConfigError, naming file, line and key, where the file cannot be read or says what it cannot mean.
    """
    path = named or Path(DEFAULT_NAME)
    if named is None and not path.is_file():
        return Configuration()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: {reason}", hint="--config names a hopline.toml") from error
    return parse_configuration(text, path)


def parse_configuration(text: str, path: Path) -> Configuration:
    """Return what the text of a `hopline.toml` at `path` says; raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}", hint="https://toml.io says how TOML is written") from error
    reader = _Reader(path, text)
    found: dict[str, Any] = {"path": path}
    reader.read(document, _KEYS, (), found)
    return Configuration(**found)


@dataclass
class _Reader:
    """Goes through a document by the table of keys, and says where in the file something is wrong."""

    path: Path
    text: str
    folder: str = field(init=False)

    def __post_init__(self) -> None:
        self.folder = os.path.dirname(self.path)

    def read(self, table: Mapping[str, Any], keys: Mapping[str, _Key], above: tuple[str, ...], found: _Found) -> None:
        for name, value in table.items():
            place = (*above, name)
            if name not in keys:
                near = difflib.get_close_matches(name, keys, n=1)
                known = ", ".join(keys)
                raise self.error(place, "no such key", f"did you mean {near[0]}?" if near else f"known are {known}")
            keys[name](self, place, value, found)

    def error(self, place: tuple[str, ...], problem: str, hint: str | None = None) -> ConfigError:
        return ConfigError(f"{self.path}:{self.find_line(place)}: {'.'.join(place)}: {problem}", hint=hint)

    def find_line(self, place: tuple[str, ...]) -> int:
        """Return the line that names a key: TOML's own parser tells no lines, so each name is looked for in turn."""
        start = 0
        for name in place:
            word = re.escape(name)
            named = rf"^[ \t]*(?:\[[^\]\n]*{word}[^\n]*\]|[\"']?{word}[\"']?[ \t]*[=.])"
            match = re.compile(named, re.MULTILINE).search(self.text, start)
            start = match.start() if match else start
        return self.text.count("\n", 0, start) + 1

    def resolve(self, argument: str) -> str:
        """Return LOGS, a label's path or an inventory as they are named from the current folder."""
        label, equals, path = argument.rpartition("=")
        if not equals or os.path.lexists(os.path.join(self.folder, argument)):
            label, equals, path = "", "", argument
        if path == "-":
            return argument
        return f"{label}{equals}{os.path.join(self.folder, path)}"


_Found = dict[str, Any]
_Key = Callable[[_Reader, tuple[str, ...], Any, _Found], None]


def _text(target: str, check: Callable[[str], object] | None = None) -> _Key:
    def read(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
        if not isinstance(value, str) or not value:
            raise reader.error(place, f"expected a text, found {value!r}")
        if check is not None:
            try:
                check(value)
            except UsageError as error:
                raise reader.error(place, str(error), error.hint) from error
        found[target] = value

    return read


def _number(target: str, least: float, most: float, *, whole: bool = False) -> _Key:
    kind = "a whole number" if whole else "a number"
    limits = f"from {least:g} to {most:g}" if most < float("inf") else f"of {least:g} or more"

    def read(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits or not least <= value <= most:
            raise reader.error(place, f"expected {kind} {limits}, found {value!r}")
        found[target] = value

    return read


def _texts(target: str, *, paths: bool = False, among: tuple[str, ...] = ()) -> _Key:
    def read(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
        texts = (value,) if isinstance(value, str) else value
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) and text for text in texts):
            raise reader.error(place, f"expected a list of texts, found {value!r}")
        unknown = [text for text in texts if among and text not in among]
        if unknown:
            raise reader.error(place, f"{unknown[0]!r} is not one of {', '.join(among)}")
        found[target] = tuple(reader.resolve(text) if paths else text for text in texts)

    return read


def _ports(target: str) -> _Key:
    def read(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
        ports = [value] if isinstance(value, int) else value
        if not isinstance(ports, list) or not all(type(port) is int and 0 < port < 65_536 for port in ports):
            raise reader.error(place, f"expected port numbers, found {value!r}")
        found[target] = tuple(ports)

    return read


def _store(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
    _text("store")(reader, place, value, found)
    found["store"] = os.path.join(reader.folder, found["store"])


def _table(keys: Mapping[str, _Key]) -> _Key:
    def read(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
        if not isinstance(value, dict):
            raise reader.error(place, f"expected a table, [{'.'.join(place)}], found {value!r}")
        reader.read(value, keys, place, found)

    return read


def _primaries(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
    if not isinstance(value, dict):
        raise reader.error(place, 'expected a table, such as [primaries] with "shop.example.com" = "cluster1"')
    for service, group in value.items():
        if not isinstance(group, str) or not group:
            raise reader.error((*place, service), f"expected the name of a group, such as cluster1, found {group!r}")
    found["primaries"] = tuple(value.items())


def _networks(reader: _Reader, place: tuple[str, ...], value: Any, found: _Found) -> None:
    if not isinstance(value, dict):
        raise reader.error(place, "expected a table for each network, such as [networks.network1]")
    networks = []
    for name, tables in value.items():
        for table in tables if isinstance(tables, list) else [tables]:
            if not isinstance(table, dict):
                raise reader.error((*place, name), f"expected a table, [networks.{name}], found {table!r}")
            said: _Found = {"name": name}
            reader.read(table, _NETWORK_KEYS, (*place, name), said)
            networks.append(NetworkEntry(**said))
    found["networks"] = tuple(networks)


_NETWORK_KEYS: dict[str, _Key] = {
    "cluster": _text("cluster"),
    "region": _text("region"),
    "zone": _text("zone"),
    "cidrs": _texts("cidrs"),
    "hostnames": _texts("hostnames"),
    "addresses": _texts("addresses"),
    "ports": _ports("ports"),
}

_KEYS: dict[str, _Key] = {
    "logs": _texts("logs", paths=True),
    "inventory": _texts("inventory", paths=True),
    "store": _store,
    "log_format": _text("log_format"),
    "log_format_from": _texts("log_format_from", paths=True),
    "time_zone": _text("time_zone", check_zone),
    "redact": _texts("redact", among=KINDS),
    "primary": _text("primary"),
    "primaries": _primaries,
    "networks": _networks,
    "objectives": _table(
        {
            "max_failover_seconds": _number("max_failover_seconds", 0, float("inf")),
            "max_failed": _number("max_failed", 0, float("inf"), whole=True),
            "slo": _number("slo", 0, 100),
        }
    ),
    "detection": _table(
        {
            "hold_down": _number("hold_down", 0, float("inf")),
            "hold_down_requests": _number("hold_down_requests", 0, float("inf"), whole=True),
            "merge_gap": _number("merge_gap", 0, float("inf")),
            "full_share": _number("full_share", 0, 1),
        }
    ),
}
