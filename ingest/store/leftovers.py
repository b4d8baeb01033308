"""What ended ingests left behind: found, and removed when nobody can need it any more."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from ingest.store.disk import Disk
from ingest.store.layout import MARKER, Layout, list_manifests, read_manifest

#: A query that began before a segment was replaced may read it for so long.
_GRACE_S = 24 * 3600
#: Work in progress of another machine, which cannot be asked, is left alone for so long.
_FOREIGN_GRACE_S = 7 * 24 * 3600


def find_work(layout: Layout) -> Iterator[tuple[Path, bool]]:
    """Yield what lies aside, and whether whoever wrote it is gone."""
    if not layout.aside.is_dir():
        return
    for path in sorted(layout.aside.iterdir()):
        host, _, rest = path.name.rpartition(".")[0].rpartition(".")
        if path.name.startswith(f"{MARKER}."):
            yield path, time.time() - path.stat().st_mtime > _GRACE_S
        elif host == socket.gethostname() and rest.isdecimal():
            yield path, not _is_alive(int(rest))
        else:
            yield path, time.time() - path.stat().st_mtime > _FOREIGN_GRACE_S


def find_unlisted(layout: Layout, listed: set[str]) -> Iterator[Path]:
    """Yield the folders of segments that no manifest names; `listed` are those that one does."""
    if not layout.segments.is_dir():
        return
    for home in sorted(layout.segments.iterdir()):
        if home.is_dir():
            yield from (path for path in sorted(home.iterdir()) if f"{home.name}/{path.name}" not in listed)


def sweep(layout: Layout, disk: Disk) -> None:
    """Remove what ingests that were ended left, and what was replaced so long ago that no query reads it."""
    try:
        for path, is_gone in find_work(layout):
            if is_gone:
                disk.remove(path)
        listed: set[str] = set()
        written: dict[str, float] = {}
        for _, _, path in list_manifests(layout):
            at = path.stat().st_mtime
            for source in read_manifest(path).sources:
                listed.update(segment.folder for segment in source.segments)
                written[source.source_id] = max(at, written.get(source.source_id, 0.0))
        for path in find_unlisted(layout, listed):
            since = max(path.stat().st_mtime, written.get(path.parent.name, 0.0))
            if time.time() - since > _GRACE_S:
                disk.remove(path)
    except FileNotFoundError:
        return  # another ingest is at the same work


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
