"""Envoy's response flags, as data: what each means and what it says about the request."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Flag:
    """One entry of `flags.toml`.

    `side` is client, upstream, gateway, policy or none; `scope` is http, tcp or both; `outcome` is a value of
    the `outcome` column, or None where the flag alone does not say; of several flags the lowest `rank` names
    the outcome.
    """

    code: str
    long_name: str
    meaning: str
    side: str
    scope: str
    outcome: str | None
    rank: int


@cache
def load_flags() -> Mapping[str, Flag]:
    """Return the known flags by code, in the order of the table."""
    text = resources.files("ingest").joinpath("flags.toml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            code: Flag(
                code=code,
                long_name=entry["long_name"],
                meaning=entry["meaning"],
                side=entry["side"],
                scope=entry["scope"],
                outcome=entry.get("outcome"),
                rank=entry["rank"],
            )
            for code, entry in tomllib.loads(text).items()
        }
    )
