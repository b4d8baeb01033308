"""A folder with logs and a store in it, for tests."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import hopline
from ingest.store import Ingested, forget_source, ingest_logs, open_store
from tests.ingest.lines import istio_line

HOME = Path(__file__).resolve().parents[2]


def make_lines(first: int, count: int, **fields: object) -> str:
    """Return lines that differ, one every 10 ms."""
    return "".join(
        istio_line(
            start_time=f"2026-03-01T10:{n // 6000:02}:{n // 100 % 60:02}.{n % 100 * 10:03}Z",
            request_id=f"{n:08x}-53c1-4c0f-9a5e-4a9d0d3b7c11",
            path=f"/{n}",
            **fields,
        )
        + "\n"
        for n in range(first, first + count)
    )


class World:
    """A folder with logs and a store, and what the store answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"

    def write(self, name: str, text: str | bytes, *, mode: str = "wb") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return path

    def ingest(self, *logs: str | Path, **options: Any) -> Ingested:
        options.setdefault("workers", 1)
        return ingest_logs([str(log) for log in logs], store=self.store, **options)

    def forget(self, source: Path) -> None:
        forget_source(self.store, str(source))

    def statuses(self, *logs: str | Path, **options: Any) -> list[str]:
        return [outcome.status for outcome in self.ingest(*logs, **options).outcomes]

    def ask(self, query: str, logs: Path | None = None) -> list[dict[str, Any]]:
        with hopline.open(logs or self.store) as session:
            return session.sql(query).to_pylist()

    def paths(self) -> list[str]:
        return [row["path"] for row in self.ask("SELECT path FROM access_log ORDER BY start_time, path")]

    def read_paths(self) -> list[str]:
        """Return what `paths` does, without the cost of a session."""
        scratch = Path(tempfile.mkdtemp(dir=self.folder))
        stored = open_store(self.store, scratch=scratch)
        tables = [pq.read_table(path, columns=["start_time", "path"]) for path in stored.access_log]
        rows = sorted((row["start_time"], row["path"]) for table in tables for row in table.to_pylist())
        shutil.rmtree(scratch)
        return [path for _, path in rows]

    def content(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.store)): p.read_bytes() for p in self.store.rglob("*") if p.is_file()}


def expect(*numbers: range) -> list[str]:
    return [f"/{n}" for part in numbers for n in part]
