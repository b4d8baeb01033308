"""A store as a session takes it: the files to read, the labels of its rows, the facts of its sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ingest import schema
from ingest.errors import StoreError
from ingest.facts import Facts
from ingest.pipeline import Parsed
from ingest.store.evidence import StoreEvidence
from ingest.store.layout import Layout, current_sources, open_layout, read_manifests
from ingest.store.manifest import StoredFile, StoredSource
from ingest.store.segments import TABLES, write_empty_tables
from ingest.tables import TableWriter

#: The tables that inventories fill.
_DECLARED = tuple(name for name in TABLES if name not in ("access_log", "rejects"))


@dataclass(frozen=True)
class Stored:
    """What `ingest.Parsed` is for logs that were parsed just now; every tuple of files holds at least one.

    `labels` are rows of source_id, source, cluster_id, gateway, proxy, role and labelled: the column `source` of the
    files holds source_ids, and their columns of names only what each line says itself; is_named says whether lines name
    their proxies at all, and files holds the paths of the source's entries.
    """

    access_log: tuple[Path, ...]
    rejects: tuple[Path, ...]
    sources: tuple[Path, ...]
    inventory: tuple[Path, ...]
    outlier_events: tuple[Path, ...]
    mesh_config: tuple[Path, ...]
    endpoint_counters: tuple[Path, ...]
    labels: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    evidence: StoreEvidence

    def with_inventory(self, parsed: Parsed) -> Stored:
        """Return what is stored with inventories that were read just now beside those of the store."""
        read = [pq.read_table(path, columns=["source"])["source"].to_pylist() for path in parsed.sources]
        names = dict.fromkeys(name for found in read for name in found)
        own = tuple({"source_id": name, "source": name, "role": "unknown", "labelled": False} for name in names)
        declared: dict[str, Any] = {name: (*getattr(self, name), *getattr(parsed, name)) for name in _DECLARED}
        return replace(
            self,
            **declared,
            sources=(*self.sources, *parsed.sources),
            labels=(*self.labels, *own),
            warnings=(*self.warnings, *parsed.warnings),
        )


@dataclass(frozen=True)
class NamedSource:
    """A source, the name by which queries know it, and the holders of its lines that make them duplicates."""

    name: str
    source: StoredSource
    present: Mapping[str, tuple[str | None, ...]]

    def files(self, table: str) -> Iterator[StoredFile]:
        """Yield the files of a table whose rows count."""
        for segment in self.source.segments:
            for file in segment.files:
                if file.table == table and not self.is_duplicate(file):
                    yield file

    def is_duplicate(self, file: StoredFile) -> bool:
        """Say whether the rows of a file are counted at another source: while it is there, under the same names."""
        if not file.held_by or self.present.get(self.source.source_id) != file.held_as:
            return False
        return any(self.present.get(holder.source_id) == holder.names for holder in file.held_by)

    @property
    def duplicates(self) -> int:
        """How many rows are counted at another source."""
        return sum(file.rows for segment in self.source.segments for file in segment.files if self.is_duplicate(file))

    @property
    def facts(self) -> Facts:
        """Return the facts of the source: duplicates are others, not rows."""
        facts = self.source.facts(self.name)
        if duplicates := self.duplicates:
            facts.access_log_rows -= duplicates
            facts.others += Counter(duplicate=duplicates)
        return facts


def list_sources(layout: Layout) -> list[NamedSource]:
    """Return the sources of a store, oldest first, each with a name of its own: the last one given it.

    Of several that were given the same, the youngest has it; the others have a part of their content's hash after it.
    """
    sources = current_sources(read_manifests(layout).values())
    present = {source.source_id: source.identity() for source in sources}
    youngest = {source.place.name: source.source_id for source in sources}
    return [
        NamedSource(
            source.place.name
            if youngest[source.place.name] == source.source_id
            else f"{source.place.name}@{source.content_id[:8]}",
            source,
            present,
        )
        for source in sources
    ]


def open_store(root: Path, *, scratch: Path, since: datetime | None = None, until: datetime | None = None) -> Stored:
    """Return what a session needs of a store; small tables are made in the folder `scratch`.

    With `since` or `until`, files whose entries all began outside that window are left out. Raises StoreError where
    there is no store, where it is of another version, or where a file of it is missing or cut.
    """
    layout = open_layout(root)
    sources = list_sources(layout)
    empty = write_empty_tables(scratch, tuple(TABLES))
    found: dict[str, list[Path]] = {}
    for table in TABLES:
        listed = [
            file
            for source in sources
            for file in source.files(table)
            if table != "access_log" or _overlaps(file, since, until)
        ]
        found[table] = [_check_file(layout, file) for file in listed] or [empty[table]]
    facts = TableWriter(scratch / "sources.parquet", schema.SOURCES)
    facts.add_rows([source.facts.to_row() for source in sources])
    return Stored(
        **{table: tuple(paths) for table, paths in found.items()},
        sources=(facts.close(),),
        labels=tuple(_label(layout, source) for source in sources),
        warnings=tuple(_warn(sources)),
        evidence=StoreEvidence(layout.segments, {source.name: source.source for source in sources}),
    )


def _overlaps(file: StoredFile, since: datetime | None, until: datetime | None) -> bool:
    if file.first_time is None or file.last_time is None:
        return since is None and until is None  # rows without a time lie in no window
    return (since is None or file.last_time >= since) and (until is None or file.first_time < until)


def _check_file(layout: Layout, file: StoredFile) -> Path:
    """Return the path of a file; its size tells of most of what can happen to it, and costs nothing."""
    path = layout.segments / file.name
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    if size != file.size:
        raise _damaged(path, f"it has {size:,} bytes and should have {file.size:,}")
    return path


def _damaged(path: Path, problem: str) -> StoreError:
    return StoreError(
        f"{path}: damaged: {problem}",
        hint="hopline store verify finds what else is; hopline store forget SOURCE and hopline ingest read it anew",
    )


def _label(layout: Layout, named: NamedSource) -> dict[str, Any]:
    names = named.source.place.names
    return {
        "source_id": named.source.source_id,
        "source": named.name,
        "cluster_id": names.cluster_id,
        "gateway": names.gateway,
        "proxy": names.proxy,
        "role": names.role,
        "labelled": names.labelled,
        "is_named": any(segment.facts.proxies for segment in named.source.segments),
        "files": tuple(layout.segments / file.name for file in named.files("access_log")),
    }


def _warn(sources: Sequence[NamedSource]) -> Iterator[str]:
    for named in sources:
        if named.source.error is not None:
            yield f"{named.name}: {named.source.error}"
        if duplicates := named.duplicates:
            yield (
                f"{named.name}: {duplicates:,} of its lines were collected twice; they count once, at the source that "
                "was ingested first"
            )
