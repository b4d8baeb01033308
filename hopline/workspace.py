"""The one place where logs become a session: a temporary folder, parsed into, analysed from, removed again."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.progress import show_progress

if TYPE_CHECKING:
    import analysis


@contextmanager
def open_logs(
    logs: str | Path | Sequence[str | Path],
    *,
    inventory: Sequence[str | Path] = (),
    log_format: str | None = None,
    log_format_from: str | Path | Sequence[str | Path] = (),
    options: analysis.Options | None = None,
    workers: int | None = None,
) -> Iterator[analysis.Session]:
    """Read access logs and yield a session that answers SQL about them; `hopline.open` is this function.

    `logs` are files, folders, globs, `-` for standard input, or `CLUSTER/GATEWAY=PATH`; `inventory` is what the mesh
    declared and Envoy knew; `log_format` is Envoy's own format string for logs in no known format, and
    `log_format_from` names files that set it: mesh configuration, Telemetry, EnvoyFilter, a config dump. Everything is
    kept in a temporary folder that is removed when the block ends. Raises SourceError when nothing can be read, and
    FormatError for a bad format.
    """
    import analysis
    import ingest

    named = [logs] if isinstance(logs, str | Path) else logs
    format_files = [log_format_from] if isinstance(log_format_from, str | Path) else log_format_from
    with tempfile.TemporaryDirectory(prefix="hopline-", ignore_cleanup_errors=True) as folder:
        with show_progress() as progress:
            parsed = ingest.parse(
                [str(log) for log in named],
                folder=Path(folder),
                inventory=[str(file) for file in inventory],
                log_format=log_format,
                log_format_from=[str(file) for file in format_files],
                stdin=sys.stdin.buffer if "-" in named else None,
                workers=workers,
                progress=progress,
            )
        with analysis.open_session(parsed, options or analysis.Options()) as session:
            yield session
