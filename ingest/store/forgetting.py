"""A source taken out of a store again."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.errors import StoreError
from ingest.store.disk import Disk
from ingest.store.layout import Layout, make_aside, open_layout, read_manifests, write_manifest
from ingest.store.reading import NamedSource, list_sources

_TRIES = 6


def forget_source(root: Path, wanted: str, *, disk: Disk | None = None) -> NamedSource:
    """Take a source out of a store, with its rows, and return what it was.

    `wanted` is its name as queries show it, its id, or the path of its file. Raises StoreError where there is no such
    source or more than one, and where the store cannot be written.
    """
    disk = disk or Disk()
    layout = open_layout(root)
    named = _find(list_sources(layout), wanted, root)
    try:
        aside = make_aside(layout, disk)
        try:
            _take_out(layout, named.source.source_id, disk, aside)
            disk.remove(layout.segments / named.source.source_id)
        finally:
            disk.remove(aside)
    except OSError as error:
        raise StoreError(f"{root}: the store cannot be written: {error.strerror or error}") from error
    return named


def _take_out(layout: Layout, source_id: str, disk: Disk, aside: Path) -> None:
    for _ in range(_TRIES):
        holding = [
            manifest
            for manifest in read_manifests(layout).values()
            if any(source.source_id == source_id for source in manifest.sources)
        ]
        if all(write_manifest(layout, manifest.without(source_id), disk, aside) for manifest in holding):
            return
    raise StoreError(f"{layout.root}: other ingests write to the same source all the time", hint="Try again.")


def _find(sources: list[NamedSource], wanted: str, root: Path) -> NamedSource:
    path = os.path.abspath(wanted)
    named = [each for each in sources if wanted in (each.name, each.source.source_id)]
    read = [each for each in sources if any(place.path == path and not place.inner for place in each.source.places)]
    for found in (named, read):
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(each.source.source_id for each in found)
            raise StoreError(f"{wanted}: {len(found)} sources were read from there", hint=f"give one of {ids}")
    raise StoreError(f"{root}: no source {wanted}", hint=f"hopline store info --store {root} lists them")
