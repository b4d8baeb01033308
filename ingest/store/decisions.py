"""What to do with a content that a store sees: take it in, go on from what is known, or leave it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ingest.contents import Content
from ingest.reading import FROM_THE_BEGINNING, Start
from ingest.store.manifest import Place, StoredSource
from ingest.store.sighting import Sighting

#: Of so many places a source is remembered at.
_PLACES = 8


@dataclass(frozen=True)
class Decision:
    """`old` is the source that a content is or goes on from, `start` where it has to be read from."""

    status: Literal["added", "grown", "read_again", "unchanged"]
    old: StoredSource | None = None
    start: Start = FROM_THE_BEGINNING


def decide(sighting: Sighting, place: Place, content: Content, derivation: str, *, may_resume: bool = True) -> Decision:
    """Return what to do with a content that was seen so, in a place."""
    for old, begun in sighting.known:
        if not _fits(old, place) or (begun < old.length and begun != sighting.length):
            continue  # another observation, or a log that went another way
        if begun < old.length:
            return Decision("unchanged", old)  # an older copy of what is known by now
        is_same = old.derivation == derivation and not _is_named_otherwise(old, place)
        if sighting.length == old.length and is_same:
            return Decision("unchanged", old)
        grown = sighting.length != old.length
        if not grown or not is_same or old.solid is None or not may_resume or not _is_plain(content):
            return Decision("grown" if grown else "read_again", old)
        offset, lines = old.solid
        if offset == 0:
            return Decision("grown", old)
        return Decision("grown", old, Start(offset, lines, sighting.digests[offset], old.manner))
    return Decision("added")


def _is_plain(content: Content) -> bool:
    return content.inventory is None and content.container is None and content.encoding == "utf-8"


def _fits(old: StoredSource, place: Place) -> bool:
    """Say whether a place can be one of a source: the same inventory at another time is another observation."""
    if not old.is_inventory:
        return True
    return (old.place.names, old.place.observed_at) == (place.names, place.observed_at)


def _is_named_otherwise(old: StoredSource, place: Place) -> bool:
    """Say whether a label came that decides about names in the log: which of them hold is found out line by line."""
    if old.place.names.labelled or not place.names.labelled:
        return False
    return any(segment.facts.proxies for segment in old.segments)


def put_place(source: StoredSource, place: Place, *, is_first: bool) -> StoredSource:
    """Return the source as seen in a place, which is its first from now on if `is_first` and it was not known.

    A label holds until another is given. Without one, a source keeps its names, unless it had no cluster and the new
    place says one.
    """
    held = source.place.names
    names = held
    if place.names.labelled or (not held.labelled and held.cluster_id is None and place.names.cluster_id is not None):
        names = place.names
    places = list(source.places)
    if not any((each.path, each.inner) == (place.path, place.inner) for each in places):
        new = replace(place, names=names)
        places = [new, *places] if is_first else [*places, new]
    if names != held:
        places = [replace(each, names=names) for each in places]
    return replace(source, places=tuple(places[:_PLACES]))
