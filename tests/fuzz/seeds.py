"""Real lines to begin with: of every format, in every envelope, and inventories."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.formats import load_formats
from tests.ingest.test_containers import CONTAINERS
from tests.ingest.test_envelopes import WRAPPED

_SAMPLES = Path(__file__).parents[2] / "sample_logs"
_LOG_LINES = 60
_INVENTORY_LINES = 200


@dataclass(frozen=True)
class Seeds:
    """`groups` are lines that one file could hold, by name; `inventories` and `documents` are whole files."""

    groups: dict[str, tuple[bytes, ...]]
    inventories: tuple[bytes, ...]
    documents: tuple[bytes, ...]

    @property
    def lines(self) -> tuple[bytes, ...]:
        """All lines of all groups."""
        return tuple(line for group in self.groups.values() for line in group)


@cache
def load_seeds() -> Seeds:
    """Return the lines that the repository has."""
    groups: dict[str, tuple[bytes, ...]] = {}
    for path in sorted(_SAMPLES.rglob("*.log")):
        groups[str(path.relative_to(_SAMPLES))] = tuple(path.read_bytes().split(b"\n")[:_LOG_LINES])
    for known in load_formats():
        lines = groups[known.name] = tuple(sample.line.encode() for sample in known.samples)
        if known.encoding == "json":
            # Lines with escapes are not read as whole blocks are.
            groups[f"{known.name} of one shape"] = (lines[0].replace(b'\\"7\\"', b"7"),)
    for name, line in WRAPPED.items():
        groups[name] = (line.encode(),)
    groups["cri in parts"] = _in_parts(groups["istio-text"])
    snapshots = [path for path in sorted(_SAMPLES.rglob("inventory/**/*")) if path.is_file()]
    inventories = tuple(b"\n".join(path.read_bytes().split(b"\n")[:_INVENTORY_LINES]) for path in snapshots)
    documents = tuple(
        json.dumps(entry, indent=i % 2 or None).encode() for i, (_, entry) in enumerate(CONTAINERS.values())
    )
    return Seeds({name: lines for name, lines in groups.items() if any(lines)}, inventories, documents)


def _in_parts(lines: tuple[bytes, ...]) -> tuple[bytes, ...]:
    parts = []
    for line in lines:
        half = len(line) // 2
        parts += [b"2026-03-01T10:00:00Z stdout P " + line[:half], b"2026-03-01T10:00:00Z stdout F " + line[half:]]
        parts.append(json.dumps({"log": line.decode(), "stream": "stdout"}).encode())
    return tuple(parts)
