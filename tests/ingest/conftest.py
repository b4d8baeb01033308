"""Helpers of the ingest tests: parse bytes or files, and look at the tables as rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import ingest


class Result:
    """The tables of one parse, as lists of dicts."""

    def __init__(self, parsed: ingest.Parsed) -> None:
        self.parsed = parsed
        self.rows = [dict(row, extra=dict(row["extra"])) for row in self._read(parsed.access_log)]
        self.rejects = self._read(parsed.rejects)
        self.sources = [dict(row, others=dict(row["others"])) for row in self._read(parsed.sources)]
        self.inventory = self._read(parsed.inventory)
        self.outlier_events = self._read(parsed.outlier_events)

    @staticmethod
    def _read(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
        return [row for path in paths for row in pq.read_table(path).to_pylist()]

    def source(self, ending: str) -> dict[str, Any]:
        """Return the facts of the source whose name ends so."""
        (found,) = [row for row in self.sources if row["source"].endswith(ending)]
        return found

    def assert_accounted(self) -> None:
        """Every entry of every source is a row, a reject, or counted under a reason."""
        for row in self.sources:
            assert row["entries_read"] == row["access_log_rows"] + row["rejected"] + sum(row["others"].values()), row
            assert row["access_log_rows"] == sum(r["source"] == row["source"] for r in self.rows)
            assert row["rejected"] == sum(r["source"] == row["source"] for r in self.rejects)


@pytest.fixture
def parse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """Return a function that parses arguments, or bytes as one file called `access.log`."""

    def run(*logs: str | Path | bytes, **options: Any) -> Result:
        arguments = []
        for log in logs:
            if isinstance(log, bytes):
                path = tmp_path_factory.mktemp("log") / "access.log"
                path.write_bytes(log)
                arguments.append(str(path))
            else:
                arguments.append(str(log))
        result = Result(ingest.parse(arguments, folder=tmp_path_factory.mktemp("tables"), **options))
        result.assert_accounted()
        return result

    return run
