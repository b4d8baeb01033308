"""Envoy's access-log operators, as data: which column each fills and what its value can hold."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Operator:
    """One entry of `operators.toml`; `arguments` is empty where the entry holds for any argument."""

    name: str
    arguments: tuple[str, ...]
    column: str | None
    type: str
    unit: str | None
    holds: str
    meaning: str


@cache
def load_operators() -> tuple[Operator, ...]:
    """Return every known operator, in the order of the table."""
    text = resources.files("ingest").joinpath("operators.toml").read_text(encoding="utf-8")
    return tuple(
        Operator(
            name=entry["name"],
            arguments=tuple(entry.get("arguments", ())),
            column=entry.get("column"),
            type=entry["type"],
            unit=entry.get("unit"),
            holds=entry["holds"],
            meaning=entry["meaning"],
        )
        for entry in tomllib.loads(text)["operator"]
    )


@cache
def find_operator(name: str, argument: str | None) -> Operator | None:
    """Return the table's entry for `%NAME(argument)%`; None where the operator is not known at all."""
    wanted = None if argument is None else argument.upper()
    aliases = {"REQUEST_HEADER": "REQ", "RESPONSE_HEADER": "RESP", "RESPONSE_TRAILER": "TRAILER"}
    canonical = aliases.get(name, name)
    for entry in load_operators():
        if entry.name == canonical and (not entry.arguments or "*" in entry.arguments or wanted in entry.arguments):
            return entry
    return None
