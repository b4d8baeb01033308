"""Worker processes: the same tables as one process gives, by the same accounting."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest import reading
from tests.ingest.lines import istio_line


@pytest.mark.parametrize("packed", [False, True])
def test_workers_give_the_same_tables(
    packed: bool, tmp_path: Path, parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [istio_line(path=f"/{i}", agent='a "b"' if i % 500 == 7 else "curl") for i in range(9000)]
    lines[4321] = "starting up"
    lines[6000] = lines[6000][:150]
    data = b"\xef\xbb\xbf" + "\n".join(lines).encode()
    log = tmp_path / "x.log"
    log.write_bytes(gzip.compress(data) if packed else data)
    monkeypatch.setattr(reading, "WORTH_BYTES", 1)
    monkeypatch.setattr(reading, "JOB_BYTES", 1 << 20)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1 << 18)
    main, environment = sys.modules["__main__"], dict(os.environ)
    alone, together = parse(log, workers=1), parse(log, workers=2)
    assert sys.modules["__main__"] is main
    assert dict(os.environ) == environment
    assert len(together.parsed.access_log) > 1
    by_line = sorted(together.rows, key=lambda row: row["line"])
    assert by_line == sorted(alone.rows, key=lambda row: row["line"])
    assert together.rejects == alone.rejects
    assert together.sources == alone.sources
