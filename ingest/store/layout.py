"""Where things lie in a store, and its manifests as they are on the disk.

store.json                        what this folder is, and its schema_version
manifests/KEY.GENERATION.json     the sources that begin alike; the highest generation holds
segments/SOURCE/SEGMENT/*.parquet rows and rejects of a source, inventories, and where its lines are
aside/                            what an ingest is still writing
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest import schema
from ingest.errors import StoreError
from ingest.store.disk import Disk
from ingest.store.manifest import (
    Manifest,
    ManifestError,
    StoredSource,
    from_document,
    seal,
    to_document,
    unseal,
    version_of,
)
from ingest.store.sighting import Beginnings, is_short

MARKER = "store.json"
KIND = "hopline store"
_MANIFEST = re.compile(r"([0-9a-f]{16})\.(\d{6})\.json")


@dataclass(frozen=True)
class Layout:
    """The folders of a store."""

    root: Path

    @property
    def marker(self) -> Path:
        """The file that says that a folder is a store."""
        return self.root / MARKER

    @property
    def manifests(self) -> Path:
        """The folder of the manifests."""
        return self.root / "manifests"

    @property
    def segments(self) -> Path:
        """The folder of the Parquet files."""
        return self.root / "segments"

    @property
    def aside(self) -> Path:
        """The folder of what is still being written."""
        return self.root / "aside"

    def manifest(self, key: str, generation: int) -> Path:
        """Return the file of one manifest."""
        return self.manifests / f"{key}.{generation:06}.json"


def make_aside(layout: Layout, disk: Disk) -> Path:
    """Make a folder for what is being written, whose name says by whom."""
    aside = layout.aside / f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
    disk.make_folder(aside)
    return aside


def is_store(path: Path) -> bool:
    """Say whether a folder is a store."""
    return (path / MARKER).is_file()


def open_layout(root: Path) -> Layout:
    """Return the layout of a store; raises StoreError where there is none, or one that this version cannot read."""
    layout = Layout(root)
    try:
        data = layout.marker.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if root.is_dir():
            raise StoreError(
                f"{root}: the folder is not a store", hint=f"hopline ingest LOGS --store {root} makes one"
            ) from None
        raise StoreError(f"{root}: there is no store", hint=f"hopline ingest LOGS --store {root} makes one") from None
    except OSError as error:
        raise StoreError(f"{layout.marker}: {error.strerror or error}") from error
    check_version(layout.marker, data)
    try:
        unseal(data)
    except ManifestError as error:
        raise _damaged(layout.marker, error) from error
    return layout


def check_version(path: Path, data: bytes) -> None:
    """Raise StoreError where a document of a store is of another version than this hopline reads."""
    version = version_of(data)
    if version is None or version == schema.SCHEMA_VERSION:
        return
    root = path.parent if path.name == MARKER else path.parent.parent
    if version > schema.SCHEMA_VERSION:
        raise StoreError(
            f"{path}: the store is of version {version}, this hopline reads version {schema.SCHEMA_VERSION}",
            hint="a newer hopline wrote it: python -m pip install --upgrade hopline",
        )
    raise StoreError(
        f"{path}: the store is of version {version}, this hopline reads version {schema.SCHEMA_VERSION}",
        hint=f"ingest the logs anew into another folder: hopline ingest LOGS --store {root}-{schema.SCHEMA_VERSION}",
    )


def make_layout(root: Path, disk: Disk) -> Layout:
    """Return the layout of a store, which is made where there is none.

    Raises StoreError where the folder holds something else, or a store of another version.
    """
    layout = Layout(root)
    if is_store(root):
        return open_layout(root)
    if root.exists() and (not root.is_dir() or any(not _is_ours(layout, path) for path in root.iterdir())):
        raise StoreError(
            f"{root}: not a store, and not an empty folder", hint="name another with --store DIR; it is made"
        )
    for folder in (root, layout.manifests, layout.segments, layout.aside):
        disk.make_folder(folder)
    aside = layout.aside / f"{MARKER}.{secrets.token_hex(8)}"
    disk.write_file(aside, seal({"kind": KIND}))
    disk.publish(aside, layout.marker)
    disk.remove(aside)
    disk.sync_folder(root)
    return layout


def _is_ours(layout: Layout, path: Path) -> bool:
    """Say whether an ingest that was ended before it had made a store may have left this."""
    return path in (layout.manifests, layout.segments, layout.aside)


def read_manifest(path: Path) -> Manifest:
    """Read one manifest; raises StoreError where it is damaged, FileNotFoundError where it is gone."""
    match = _MANIFEST.fullmatch(path.name)
    data = path.read_bytes()
    check_version(path, data)
    try:
        if match is None:
            raise ManifestError("its name is not that of a manifest")
        manifest = from_document(unseal(data), int(match[2]))
        if manifest.key != match[1]:
            raise ManifestError("it is another manifest than its name says")
    except ManifestError as error:
        raise _damaged(path, error) from error
    return manifest


def _damaged(path: Path, error: ManifestError) -> StoreError:
    return StoreError(
        f"{path}: damaged: {error}",
        hint="take it from a backup, or remove it and ingest its logs again; hopline store verify finds what else is",
    )


def list_manifests(layout: Layout) -> Iterator[tuple[str, int, Path]]:
    """Yield key, generation and path of every file that is named as a manifest."""
    if layout.manifests.is_dir():
        for path in layout.manifests.iterdir():
            if match := _MANIFEST.fullmatch(path.name):
                yield match[1], int(match[2]), path


def read_manifests(layout: Layout) -> dict[str, Manifest]:
    """Return the manifests that hold, by their keys; raises StoreError where one is damaged.

    An ingest may put a later one in the place of one that is to be read: then it is looked for again.
    """
    for _ in range(20):
        latest: dict[str, tuple[int, Path]] = {}
        for key, generation, path in list_manifests(layout):
            latest[key] = max((generation, path), latest.get(key, (0, path)))
        try:
            return {key: read_manifest(path) for key, (_, path) in sorted(latest.items())}
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{layout.manifests}: {error.strerror or error}") from error
    raise StoreError(f"{layout.manifests}: its files come and go too fast to be read", hint="Try again.")


def current_sources(manifests: Iterable[Manifest]) -> list[StoredSource]:
    """Return the sources of a store, oldest first; of one that stands in two manifests, the longest."""
    found: dict[str, StoredSource] = {}
    for manifest in manifests:
        for source in manifest.sources:
            if source.source_id not in found or found[source.source_id].length < source.length:
                found[source.source_id] = source
    return sorted(found.values(), key=lambda source: (source.ingested_at, source.source_id))


def beginnings_of(manifests: Mapping[str, Manifest]) -> Beginnings:
    """Return the sources of a store by what they begin with."""
    sources = [source for manifest in manifests.values() for source in manifest.sources]
    return Beginnings(
        {key: manifest.sources for key, manifest in manifests.items()},
        [source for source in sources if is_short(source)],
    )


def write_manifest(layout: Layout, manifest: Manifest, disk: Disk, aside_in: Path) -> bool:
    """Put a manifest into its place, in one instant; False where another of its generation or later stands there.

    `aside_in` is a folder of the store's `aside` for the file until then.
    """
    aside = aside_in / f"manifest-{secrets.token_hex(8)}.json"
    final = layout.manifest(manifest.key, manifest.generation)
    disk.write_file(aside, seal(to_document(manifest)))
    if not disk.publish(aside, final):
        disk.remove(aside)
        return False
    disk.sync_folder(layout.manifests)
    rivals = {generation: path for key, generation, path in list_manifests(layout) if key == manifest.key}
    if max(rivals) > manifest.generation:
        # Whoever wrote those has removed the one that would have told us that we were late.
        disk.remove(final)
        return False
    for generation, path in rivals.items():
        if generation < manifest.generation:
            disk.remove(path)
    return True
