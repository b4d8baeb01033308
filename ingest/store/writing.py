"""Logs and inventories into a store: each source is wholly there, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from ingest import schema
from ingest.arguments import Source
from ingest.contents import Content, open_contents
from ingest.errors import InventoryError, SourceError, StoreError
from ingest.facts import Facts
from ingest.mesh_formats import given_formats
from ingest.names import Names
from ingest.parser import known_formats
from ingest.pipeline import find_inputs
from ingest.pool import WorkerPool, count_workers
from ingest.reading import ChangedError, Progress, Reading, source_of
from ingest.store.decisions import Decision, decide, put_place
from ingest.store.disk import Disk
from ingest.store.layout import (
    Layout,
    beginnings_of,
    current_sources,
    make_aside,
    make_layout,
    read_manifests,
    write_manifest,
)
from ingest.store.leftovers import sweep
from ingest.store.manifest import Manifest, Place, Segment, StoredSource
from ingest.store.outcomes import Ingested, Meter, Outcome, Status
from ingest.store.segments import SegmentWriter
from ingest.store.settling import settle
from ingest.store.sighting import Sighting, see_content
from ingest.tables import TableWriter

#: A file that changes while it is read, or that another ingest takes at the same time, is tried so often.
_TRIES = 6
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_WRITE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class _OvertakenError(Exception):
    """Another ingest has put in a manifest since ours was read."""


def ingest_logs(
    logs: Sequence[str],
    *,
    store: Path,
    inventory: Sequence[str] = (),
    log_format: str | None = None,
    log_format_from: Sequence[str] = (),
    stdin: BinaryIO | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    keep_raw: bool = False,
    progress: Callable[[Progress], None] | None = None,
    disk: Disk | None = None,
) -> Ingested:
    """Read logs and inventories into the store in the folder `store`, which is made where there is none.

    Arguments are those of `ingest.parse`. What the store holds already is not read again: the same bytes under another
    name, or compressed in another way, are the same source, and of a log that grew only what is new is parsed.
    `executor` runs the parsing of large logs in the place of `workers` processes of this machine: any
    `concurrent.futures.Executor` whose workers have hopline, the logs and the store under the same paths. `keep_raw`
    keeps the lines themselves too, compressed, for evidence.

    Raises SourceError where nothing could be read, InventoryError where a file given as inventory is none, StoreError
    where the store cannot be written or is damaged. Whatever raises, the store holds what it held and the sources that
    were done.
    """
    with tempfile.TemporaryDirectory(prefix="hopline-") as streams:
        inputs = find_inputs(logs, inventory, folder=Path(streams), stdin=stdin)
        return _take_inputs(
            inputs,
            store,
            given_formats(log_format, log_format_from),
            workers=count_workers() if workers is None else workers,
            executor=executor,
            keep_raw=keep_raw,
            progress=progress,
            disk=disk or Disk(),
        )


def _take_inputs(
    inputs: tuple[list[Source], list[Source], list[str]],
    store: Path,
    given: tuple[str, ...],
    *,
    workers: int,
    executor: Executor | None,
    keep_raw: bool,
    progress: Callable[[Progress], None] | None,
    disk: Disk,
) -> Ingested:
    sources, declared, warnings = inputs
    with _explain_writing(store):
        layout = make_layout(store, disk)
        aside = make_aside(layout, disk)
        disk.make_folder(aside / "parts")
    try:
        pool = None
        if workers > 1 or executor is not None:
            pool = WorkerPool(workers, aside / "parts", given, executor=executor, lasting=True)
        run = _Ingest(layout, disk, aside, given, pool, keep_raw=keep_raw)
        try:
            with _explain_writing(store):
                meter = Meter((*sources, *declared), progress)
                for source in (*sources, *declared):
                    run.take_file(source, meter, is_declared=source in declared)
                    meter.end_file(source)
                sweep(layout, disk)
        finally:
            if pool is not None:
                pool.close()
    finally:
        disk.remove(aside)
    failed = [outcome for outcome in run.outcomes if outcome.status == "failed"]
    warnings += [f"{outcome.source}: {outcome.problem}" for outcome in run.outcomes if outcome.problem]
    if failed and len(failed) == len(run.outcomes):
        raise SourceError(warnings[0], hint="Is it a file, and may it be read?")
    return Ingested(tuple(run.outcomes), tuple(warnings))


@contextmanager
def _explain_writing(store: Path) -> Iterator[None]:
    """Turn errors of a disk that is full, or may not be written, into words."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreError(
                f"{store}: no space left on the device; what was being read is not in the store, all else is",
                hint="make room and run the same command again: it goes on where it ended",
            ) from error
        if error.errno in _NO_WRITE:
            raise StoreError(
                f"{store}: the store cannot be written: {error.strerror or error}",
                hint="a store that may only be read can be asked all the same; name another with --store DIR",
            ) from error
        raise StoreError(f"{store}: {error.strerror or error}: {error.filename or ''}".rstrip(": ")) from error


def derivation_of(given: Sequence[str]) -> str:
    """Return a word for how lines become rows: the parser, the tables, the formats that are known and given."""
    digest = hashlib.sha256(f"{schema.PARSER_VERSION} {schema.SCHEMA_VERSION}".encode())
    for text in given:
        digest.update(b"\0" + text.encode())
    for file in sorted(resources.files("ingest").joinpath("formats").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            digest.update(b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class _Sight:
    """A content that is to be read: in an open file, as a source of its own, in a place, for a manifest."""

    file: BinaryIO
    content: Content
    one: Source
    place: Place
    key: str
    plan: Decision


class _Ingest:
    """One run over some sources."""

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        aside: Path,
        given: tuple[str, ...],
        pool: WorkerPool | None,
        *,
        keep_raw: bool,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._layout = layout
        self._disk = disk
        self._aside = aside
        self._formats = known_formats(given)
        self._derivation = derivation_of(given)
        self._pool = pool
        self._keep_raw = keep_raw
        self._manifests = read_manifests(layout)
        self._touched: set[str] = set()
        self._numbers = 0

    def take_file(self, source: Source, meter: Meter, *, is_declared: bool) -> None:
        """Read a file into the store, as far as the store does not hold it."""
        done = len(self.outcomes)
        for attempt in range(_TRIES):
            try:
                with source.path.open("rb") as file:
                    self._take_contents(file, source, meter, is_declared=is_declared, may_resume=attempt < 2)
                return
            except (ChangedError, _OvertakenError):
                del self.outcomes[done:]
                self._manifests = read_manifests(self._layout)
            except OSError as error:
                if error.errno in _NO_ROOM | {errno.EROFS} or _is_in(error.filename, self._layout.root):
                    raise
                self.outcomes.append(Outcome(source.name, "failed", problem=error.strerror or str(error)))
                return
        self.outcomes.append(Outcome(source.name, "failed", problem="it changes faster than it can be read"))

    def _take_contents(
        self, file: BinaryIO, source: Source, meter: Meter, *, is_declared: bool, may_resume: bool
    ) -> None:
        beginnings = beginnings_of(self._manifests)
        sightings = [see_content(content, beginnings) for content in open_contents(file)]
        file.seek(0)
        contents = open_contents(file)
        for sighting in sightings:
            content = next(contents, None)
            if content is None:
                raise ChangedError("the file changed while it was read")
            one = source_of(source, content)
            if content.is_archive:
                self.outcomes.append(Outcome(one.name, "failed", problem=content.problem))
                continue
            place = _place_of(source, one, content)
            plan = decide(sighting, place, content, self._derivation, may_resume=may_resume)
            if plan.status == "unchanged" and plan.old is not None:
                self._see_again(plan.old, place, sighting)
                continue
            if is_declared and content.inventory is None and sighting.length != 0:
                raise InventoryError(
                    f"{one.name}: not an inventory that hopline knows",
                    hint="hopline ingest -i takes what hopline report -i takes",
                )
            self._take_content(_Sight(file, content, one, place, sighting.key, plan), meter)

    def _see_again(self, old: StoredSource, place: Place, sighting: Sighting) -> None:
        """Take in where a known source is now, and what it is called."""
        new = put_place(old, place, is_first=old.source_id not in self._touched)
        self._touched.add(old.source_id)
        status: Status = "unchanged"
        if new != old:
            status = "relabelled" if new.place.names != old.place.names else "unchanged"
            self._commit(new, old, self._key_of(old, sighting))
        self.outcomes.append(Outcome(place.name, status))

    def _key_of(self, old: StoredSource, sighting: Sighting) -> str:
        for key, manifest in self._manifests.items():
            if any(each.source_id == old.source_id and each.length == old.length for each in manifest.sources):
                return key
        return sighting.key

    def _take_content(
        self,
        sight: _Sight,
        meter: Meter,
    ) -> None:
        content, one, plan = sight.content, sight.one, sight.plan
        old, status = plan.old, os.fstat(sight.file.fileno())
        source_id = old.source_id if old is not None else secrets.token_hex(8)
        is_inventory = content.inventory is not None
        # Rows carry no labels: those are joined to them when they are read. Inventories are read under theirs.
        names = one.names if is_inventory else Names(labelled=one.names.labelled)
        writer = self._new_segment()
        reading = Reading(
            Source(source_id, one.path, names, one.observed_at),
            content,
            self._formats,
            writer.output(TableWriter(writer.folder / "sources.parquet", schema.SOURCES)),
            pool=self._pool,
            file_number=status.st_ino,
        )
        is_plain = content.encoding == "utf-8" and content.container is None and not is_inventory
        for _ in reading.read(status.st_size, start=plan.start, hold_tail=is_plain, see_block=writer.see_block):
            meter.report(one, min(sight.file.tell(), status.st_size), reading.facts.entries_read)
        facts = reading.facts
        if reading.failed:
            self._fail(one, reading, writer)
            return
        drafts = [(writer, Segment("", plan.start.offset, facts.bytes_read, (), replace(facts, source="")))]
        if reading.tail is not None and reading.reader is not None:
            drafts = [(writer, replace(drafts[0][1], end=reading.tail.offset)), self._read_tail(reading, names)]
        drafts = [draft for draft in drafts if draft[1].facts.entries_read]
        kept = [each for each in old.segments if not each.is_tail] if old is not None and plan.start.offset else []
        if not kept and not drafts:
            self.outcomes.append(Outcome(one.name, "empty"))
            return
        segments = [*kept, *(segment for _, segment in drafts)]
        solid = None
        if is_plain and not reading.open_lines and not facts.truncated and facts.error is None:
            lines = sum(each.facts.entries_read for each in segments if not each.is_tail)
            solid = (reading.tail.offset if reading.tail is not None else facts.bytes_read, lines)
        new = StoredSource(
            source_id=source_id,
            content_id=facts.content_id or "",
            length=facts.bytes_read,
            history=() if old is None else _history_of(old, facts.bytes_read),
            derivation=self._derivation,
            manner=reading.reader.manner if reading.reader is not None else None,
            solid=solid,
            compression=content.compression,
            truncated=facts.truncated,
            error=facts.error,
            is_inventory=is_inventory,
            ingested_at=old.ingested_at if old is not None else datetime.now(UTC),
            places=(sight.place,) if old is None else old.places,
            segments=tuple(segments),
        )
        new = put_place(new, sight.place, is_first=source_id not in self._touched)
        others = current_sources(self._manifests.values())
        read = [settle(each, segment, new, others, layout=self._layout, disk=self._disk) for each, segment in drafts]
        new = replace(new, segments=(*kept, *read))
        self._touched.add(source_id)
        self._commit(new, old, sight.key)
        duplicates = sum(file.rows for segment in read for file in segment.files if file.held_by)
        self.outcomes.append(
            Outcome(
                one.name,
                plan.status,
                entries=sum(each.facts.entries_read for each in read),
                rows=sum(each.facts.access_log_rows for each in read) - duplicates,
                duplicates=duplicates,
                bytes=facts.bytes_read - plan.start.offset,
                problem=facts.error,
            )
        )

    def _fail(self, one: Source, reading: Reading, writer: SegmentWriter) -> None:
        """Leave out a source that could not be read to its end: the store holds what it held of it."""
        self._disk.remove(writer.folder)
        if reading.system_error is not None and reading.system_error.errno in _NO_ROOM:
            raise reading.system_error
        self.outcomes.append(Outcome(one.name, "failed", problem=reading.facts.error))

    def _new_segment(self) -> SegmentWriter:
        self._numbers += 1
        folder = self._aside / f"segment-{self._numbers}"
        self._disk.make_folder(folder)
        return SegmentWriter(folder, keep_raw=self._keep_raw)

    def _read_tail(self, reading: Reading, names: Names) -> tuple[SegmentWriter, Segment]:
        """Read a last line that has no end yet into a segment of its own: a longer source will replace it."""
        tail, reader = reading.tail, reading.reader
        if tail is None or reader is None:
            raise ValueError("there is no last line without an end")
        writer, facts = self._new_segment(), Facts("", names)
        reader.read(tail, facts, writer.logs)
        reader.finish(facts, writer.logs)
        writer.see_block(tail)
        return writer, Segment("", tail.offset, reading.facts.bytes_read, (), facts, is_tail=True)

    def _commit(self, new: StoredSource, old: StoredSource | None, key: str) -> None:
        """Put a source into its manifest: in this instant it is there. Raises where another ingest was faster."""
        manifest = self._manifests.get(key, Manifest(key, 0)).with_source(new)
        if not write_manifest(self._layout, manifest, self._disk, self._aside):
            for segment in new.segments:
                if old is None or segment not in old.segments:
                    self._disk.remove(self._layout.segments / segment.folder)
            raise _OvertakenError
        self._manifests[key] = manifest
        if old is None:
            return
        for other, held in list(self._manifests.items()):
            if other != key and any(each.source_id == new.source_id for each in held.sources):
                # It was so short that it began with less; readers take the longer one already.
                shorter = held.without(new.source_id)
                if write_manifest(self._layout, shorter, self._disk, self._aside):
                    self._manifests[other] = shorter


def _history_of(old: StoredSource, length: int) -> tuple[tuple[int, str], ...]:
    before = (*old.history, (old.length, old.content_id))
    return before if length > old.length else old.history


def _place_of(source: Source, one: Source, content: Content) -> Place:
    """Return where a content is; what came through a pipe is nowhere any more."""
    is_there = source.path == Path(source.name) or source.name == str(source.path)
    path = os.path.abspath(source.path) if is_there else ""
    return Place(one.name, path, content.inner, one.names, one.observed_at)


def _is_in(name: object, root: Path) -> bool:
    return isinstance(name, str | bytes | os.PathLike) and Path(os.fsdecode(name)).is_relative_to(root)
