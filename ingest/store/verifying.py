"""Is everything in a store as it was written? Every file is read, and nothing is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import StoreError
from ingest.store.layout import MARKER, Layout, list_manifests, open_layout, read_manifest
from ingest.store.leftovers import find_unlisted, find_work
from ingest.store.manifest import Manifest, StoredFile, StoredSource

Kind = Literal["missing", "changed", "unlisted", "extra", "left_over", "in_progress"]

_READ_AGAIN = "hopline store forget {source}, then hopline ingest its logs again"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Finding:
    """Something in a store that is not as it should be, and what to do about it.

    `is_damage` is false for what ended or running ingests leave: no query reads that.
    """

    path: str
    kind: Kind
    problem: str
    advice: str

    @property
    def is_damage(self) -> bool:
        """Say whether something is lost or would be wrong."""
        return self.kind not in ("left_over", "in_progress")


def verify_store(root: Path, *, see_bytes: Callable[[int, int], None] = lambda done, total: None) -> list[Finding]:
    """Return all that is wrong with a store, by path; `see_bytes` is called with bytes read and bytes in all.

    Raises StoreError where there is no store, or none that this version can read.
    """
    layout = open_layout(root)
    manifests: list[Manifest] = []
    findings = list(_check_manifests(layout, manifests))
    sources = [source for manifest in manifests for source in manifest.sources]
    total = sum(file.size for _, file in _list_files(sources))
    done = 0
    for source, file in _list_files(sources):
        findings += _check_file(layout, source, file)
        done += file.size
        see_bytes(done, total)
    findings += _find_strangers(layout, sources)
    return sorted(findings, key=lambda finding: (finding.path, finding.kind))


def _check_manifests(layout: Layout, good: list[Manifest]) -> Iterator[Finding]:
    known = {path: (key, generation) for key, generation, path in list_manifests(layout)}
    latest: dict[str, int] = {}
    for key, generation in known.values():
        latest[key] = max(generation, latest.get(key, 0))
    for path, (key, generation) in sorted(known.items()):
        if generation < latest[key]:
            yield Finding(str(path), "left_over", "a later manifest stands for it", "the next ingest removes it")
            continue
        try:
            good.append(read_manifest(path))
        except StoreError as error:
            yield Finding(str(path), "changed", str(error), error.hint or "")
    if not layout.manifests.is_dir():
        yield Finding(str(layout.manifests), "missing", "the manifests are gone", "take them from a backup")
        return
    for path in sorted(layout.manifests.iterdir()):
        if path not in known:
            yield _stranger(path)


def _list_files(sources: Iterable[StoredSource]) -> Iterator[tuple[StoredSource, StoredFile]]:
    for source in sources:
        for segment in source.segments:
            for file in segment.files:
                yield source, file


def _check_file(layout: Layout, source: StoredSource, file: StoredFile) -> Iterator[Finding]:
    path = layout.segments / file.name
    advice = _READ_AGAIN.format(source=source.source_id)
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        yield Finding(str(path), "missing", f"the file is gone, and {file.rows:,} rows of {file.table} with it", advice)
        return
    except OSError as error:
        yield Finding(str(path), "changed", error.strerror or str(error), advice)
        return
    if size != file.size:
        yield Finding(str(path), "changed", f"it has {size:,} bytes and should have {file.size:,}", advice)
    elif digest != file.digest:
        yield Finding(str(path), "changed", "its bytes are not those that were written", advice)
    else:
        try:
            rows = pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError) as error:
            yield Finding(str(path), "changed", f"not a Parquet file: {error}", advice)
            return
        if rows != file.rows:
            yield Finding(str(path), "changed", f"it has {rows:,} rows and should have {file.rows:,}", advice)


def _find_strangers(layout: Layout, sources: list[StoredSource]) -> Iterator[Finding]:
    ids = {source.source_id for source in sources}
    listed = {segment.folder for source in sources for segment in source.segments}
    files = {file.name for _, file in _list_files(sources)}
    for path in find_unlisted(layout, listed):
        if path.is_dir() and path.parent.name in ids:
            yield Finding(str(path), "left_over", "a longer reading stands for it", "a later ingest removes it")
        else:
            problem = "no manifest names it: an ingest was ended, or its manifest is gone"
            yield Finding(str(path), "unlisted", problem, "ingest the logs again; remove it then")
    for folder in sorted(listed):
        home = layout.segments / folder
        if home.is_dir():
            yield from (_stranger(path) for path in sorted(home.iterdir()) if f"{folder}/{path.name}" not in files)
    if layout.segments.is_dir():
        yield from (_stranger(path) for path in sorted(layout.segments.iterdir()) if not path.is_dir())
    for path, is_gone in find_work(layout):
        if is_gone:
            yield Finding(str(path), "left_over", "an ingest that was ended left it", "the next ingest removes it")
        else:
            yield Finding(str(path), "in_progress", "an ingest is writing it", "nothing")
    known = {layout.marker, layout.manifests, layout.segments, layout.aside}
    yield from (_stranger(path) for path in sorted(layout.root.iterdir()) if path not in known)


def _stranger(path: Path) -> Finding:
    return Finding(
        str(path), "extra", f"hopline did not write it (a store holds {MARKER} and its folders)", "remove it"
    )
