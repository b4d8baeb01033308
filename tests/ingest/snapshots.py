"""Reading a dump as one of the inventory formats, for their tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ingest.inventory import Context, Snapshot, read_snapshot, recognise
from ingest.names import Names

CONTEXT = Context("dump", Names(cluster_id="c1", gateway="gw", proxy="gw-1"))


def read(text: str, name: str, context: Context = CONTEXT) -> Snapshot:
    """Recognise and read a dump as a certain format."""
    known = recognise(text.encode())
    assert known is not None
    assert known.name == name
    return read_snapshot(known, text, context)


def columns(rows: Sequence[Any], *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of rows; None where a row lacks one."""
    return [tuple(row.get(name) for name in names) for row in rows]


def to_yaml(value: Any, indent: str = "") -> str:
    """Write JSON values as YAML, the way `sigs.k8s.io/yaml` lays them out."""
    if isinstance(value, dict) and value:
        parts = []
        for key, inner in sorted(value.items()):
            nested = isinstance(inner, dict | list) and bool(inner)
            deeper = indent if isinstance(inner, list) else indent + "  "
            parts.append(f"{indent}{key}:" + (f"\n{to_yaml(inner, deeper)}" if nested else f" {json.dumps(inner)}\n"))
        return "".join(parts)
    if isinstance(value, list):
        return "".join(f"{indent}- {to_yaml(inner, indent + '  ').lstrip()}" for inner in value)
    return f"{indent}{json.dumps(value)}\n"
