"""Logs as a stream of record batches, for programs that want the rows and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.workspace import is_store
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def read_logs(
    logs: str | Path | Sequence[str | Path],
    *,
    log_format: str | None = None,
    log_format_from: str | Path | Sequence[str | Path] = (),
    see_rejects: Callable[[pa.Table], None] | None = None,
) -> pa.RecordBatchReader:
    """Read access logs as a stream: a pyarrow.RecordBatchReader of rows of `access_log`, in bounded memory.

    The arguments are those of `hopline.open`. A block of some 8 MB of log is held at a time, however long the logs
    are; nothing is attributed, as that takes all of them. `see_rejects` is called with a table (source, line, reason,
    raw) of the lines of a block that could not be read; without it, a warning says at the end how many there were. A
    source that cannot be read, or not to its end, is a warning as well. Reading raises SourceError when nothing at
    all could be read; UsageError is raised for a store, which `hopline.open` takes.

    >>> import hopline
    >>> sum(batch.num_rows for batch in hopline.read_logs("sample_logs/crash/cluster1/ingress/ingress-1.log"))
    7103
    """
    import pyarrow as pa

    import ingest
    from ingest import schema

    named = [logs] if isinstance(logs, str | Path) else logs
    for log in named:
        if is_store(Path(log)):
            hint = f"hopline.open({str(log)!r}).stream('FROM access_log') streams what it holds"
            raise UsageError(f"{log} is a store, whose logs were read already", hint=hint)
    format_files = [log_format_from] if isinstance(log_format_from, str | Path) else log_format_from
    lost = 0

    def count(rejects: pa.Table) -> None:
        nonlocal lost
        lost += rejects.num_rows

    def read() -> Iterator[pa.RecordBatch]:
        yield from ingest.stream(
            [str(log) for log in named],
            log_format=log_format,
            log_format_from=[str(file) for file in format_files],
            see_rejects=see_rejects or count,
            warn=lambda text: warnings.warn(text, stacklevel=2),
        )
        if lost:
            warnings.warn(f"{lost} lines could not be read; see_rejects is given them", stacklevel=2)

    return pa.RecordBatchReader.from_batches(schema.ACCESS_LOG, read())
