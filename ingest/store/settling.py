"""A segment that was read comes to rest: duplicates set apart, down on the disk, under its last name."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.store.disk import Disk
from ingest.store.duplicates import Divided, Rival, divide_file, overlaps
from ingest.store.layout import Layout
from ingest.store.manifest import Holder, Segment, StoredFile, StoredSource
from ingest.store.segments import SegmentWriter, describe_file


def settle(
    writer: SegmentWriter,
    segment: Segment,
    source: StoredSource,
    others: Sequence[StoredSource],
    *,
    layout: Layout,
    disk: Disk,
) -> Segment:
    """Return a segment of a source with its files, which are down on the disk; no manifest names it yet.

    `others` are the sources of the store: rows that those of the same proxy hold as well are set apart.
    """
    written = [divided for path in writer.close() for divided in _divide(path, source, others, layout)]
    for divided in written:
        disk.sync_file(divided.path)
    disk.sync_folder(writer.folder)
    home = layout.segments / source.source_id
    disk.make_folder(home)
    final = home / f"{segment.offset:014}-{secrets.token_hex(4)}"
    disk.move(writer.folder, final)
    disk.sync_folder(home)
    disk.sync_folder(layout.segments)
    identities = {other.source_id: other.identity() for other in others} if any(d.held_by for d in written) else {}
    files: list[StoredFile] = []
    for divided in written:
        file = describe_file(final / divided.path.name, layout.segments)
        if divided.held_by:
            holders = tuple(Holder(source_id, identities[source_id]) for source_id in divided.held_by)
            file = replace(file, held_by=holders, held_as=source.identity())
        files.append(file)
    files.sort(key=lambda file: file.name)
    return replace(segment, folder=f"{source.source_id}/{final.name}", files=tuple(files))


def _divide(path: Path, source: StoredSource, others: Iterable[StoredSource], layout: Layout) -> list[Divided]:
    if not path.name.startswith("access_log"):
        return [Divided(path, ())]
    file = describe_file(path, path.parent)
    rivals = [rival for other in others if (rival := _make_rival(file, source, other, layout)) is not None]
    return divide_file(path, source.place.names, rivals) if rivals else [Divided(path, ())]


def _make_rival(file: StoredFile, source: StoredSource, other: StoredSource, layout: Layout) -> Rival | None:
    """Return another source with its files that may hold lines of a file; None where none can.

    Rows that were set apart because this source holds them are no reason to set those of this source apart.
    """
    if other.source_id == source.source_id or other.is_inventory or not _may_share_proxy(source, other):
        return None
    files = [
        layout.segments / each.name
        for segment in other.segments
        for each in segment.files
        if each.table == "access_log"
        and overlaps(file.first_time, file.last_time, (each.first_time, each.last_time))
        and all(holder.source_id != source.source_id for holder in each.held_by)
    ]
    return Rival(other.source_id, other.place.names, tuple(files)) if files else None


def _may_share_proxy(source: StoredSource, other: StoredSource) -> bool:
    """Say whether two sources can hold lines of one proxy: known proxies that have nothing in common cannot."""
    mine, theirs = set(source.facts("").proxies), set(other.facts("").proxies)
    return bool(mine & theirs)
