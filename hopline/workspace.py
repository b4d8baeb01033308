"""The one place where logs or a store become a session, with a temporary folder that is removed again."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.progress import show_progress
from ingest.errors import UsageError

if TYPE_CHECKING:
    import analysis
    import ingest
    from analysis.session import ParsedFiles

#: The store that is asked when nothing else is said.
DEFAULT_STORE = Path(".hopline")
#: What says that a folder is a store (`ingest.store` would have to be imported to ask it).
_STORE_MARKER = "store.json"
#: Says how much memory queries may take before they go on on disk.
MEMORY_VARIABLE = "HOPLINE_MEMORY"
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B)", re.IGNORECASE)


@contextmanager
def open_logs(
    logs: str | Path | Sequence[str | Path],
    *,
    inventory: Sequence[str | Path] = (),
    log_format: str | None = None,
    log_format_from: str | Path | Sequence[str | Path] = (),
    options: analysis.Options | None = None,
    workers: int | None = None,
    memory: str | None = None,
) -> Iterator[analysis.Session]:
    """Read access logs, or open a store, and yield a session that answers SQL about them; this is `hopline.open`.

    `logs` are files, folders, globs, `-` for standard input, or `CLUSTER/GATEWAY=PATH`; or the folder of one store
    that `hopline ingest` made, of which only what lies between `options.since` and `options.until` is read.
    `inventory` is what the mesh declared and Envoy knew; `log_format` is Envoy's own format string for logs in no known
    format, and `log_format_from` names files that set it: mesh configuration, Telemetry, EnvoyFilter, a config dump.
    `memory` is how much memory queries may take, such as "1GB", before they go on on disk.
    What is parsed is kept in a temporary folder that is removed when the block ends. Raises SourceError when nothing
    can be read, FormatError for a bad format, StoreError for a store that is damaged or of another version.
    """
    import analysis

    named = [str(logs)] if isinstance(logs, str | Path) else [str(log) for log in logs]
    format_files = [log_format_from] if isinstance(log_format_from, str | Path) else log_format_from
    stores = [name for name in named if is_store(Path(name))]
    if stores and len(named) > 1:
        raise UsageError(
            f"{stores[0]} is a store, and cannot be read together with other logs",
            hint=f"add them to it first: hopline ingest LOGS --store {stores[0]}",
        )
    if stores and (log_format or format_files):
        raise UsageError("a store was parsed when it was made", hint="give --log-format to hopline ingest")
    options = options or analysis.Options()
    with tempfile.TemporaryDirectory(prefix="hopline-", ignore_cleanup_errors=True) as folder:
        if stores:
            parsed = _open_store(Path(stores[0]), Path(folder), [str(file) for file in inventory], options)
        else:
            parsed = _parse(
                named,
                Path(folder),
                inventory=[str(file) for file in inventory],
                log_format=log_format,
                log_format_from=[str(file) for file in format_files],
                workers=workers,
            )
        with analysis.open_session(parsed, options, memory=memory) as session:
            yield session


def find_memory(otherwise: str | None) -> str | None:
    """Return how much memory queries may take, as the environment says; raises UsageError for a size that is none."""
    asked = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not asked:
        return otherwise
    if not _SIZE.fullmatch(asked):
        raise UsageError(f"{MEMORY_VARIABLE}={asked!r} is no size", hint=f"{MEMORY_VARIABLE}=4GB, say")
    return asked


def is_store(path: Path) -> bool:
    """Say whether a folder is a store; cheap."""
    return (path / _STORE_MARKER).is_file()


def _parse(
    logs: Sequence[str],
    folder: Path,
    *,
    inventory: Sequence[str],
    log_format: str | None = None,
    log_format_from: Sequence[str] = (),
    workers: int | None = None,
) -> ingest.Parsed:
    import ingest

    with show_progress() as progress:
        return ingest.parse(
            logs,
            folder=folder,
            inventory=inventory,
            log_format=log_format,
            log_format_from=log_format_from,
            stdin=sys.stdin.buffer if "-" in logs else None,
            workers=workers,
            progress=progress,
        )


def _open_store(root: Path, folder: Path, inventory: Sequence[str], options: analysis.Options) -> ParsedFiles:
    from ingest.store import open_store

    stored = open_store(root, scratch=folder, since=options.since, until=options.until)
    if not inventory:
        return stored
    return stored.with_inventory(_parse((), folder / "inventory", inventory=inventory))
