"""What a content is to a store: unknown, known, or a longer one of a known beginning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.contents import SAMPLE_BYTES, Content
from ingest.store.manifest import StoredSource

#: The first lines up to about here tell logs apart: they hold a time, or an id.
_KEY_BYTES = 64


@dataclass(frozen=True)
class Sighting:
    """A content as it was seen.

    `key` names the manifest that it belongs to. `length` in bytes and `content_id` are known where the content was
    read to its end. `known` are the sources that it is, or goes on from, with how much of each it holds: the longest
    beginning first. `digests` holds the SHA-256 of its first so many bytes.
    """

    key: str
    is_all_key: bool
    length: int | None = None
    content_id: str | None = None
    known: tuple[tuple[StoredSource, int], ...] = ()
    digests: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beginnings:
    """The sources of a store, by what they begin with."""

    by_key: Mapping[str, Sequence[StoredSource]]
    #: Sources so short that more bytes give them another key.
    short: Sequence[StoredSource]

    def find(self, key: str) -> Iterable[StoredSource]:
        """Return the sources that a content with this key may be, or may go on from."""
        found = list(self.by_key.get(key, ()))
        return [*found, *(source for source in self.short if source not in found)]


def is_short(source: StoredSource) -> bool:
    """Say whether the key of a source was made of all that it holds."""
    return source.length <= _KEY_BYTES or (source.is_inventory and source.length < SAMPLE_BYTES)


def make_key(sample: bytes, *, is_inventory: bool) -> str:
    """Return the key of a content that begins so.

    Logs are told apart by their first line, and so is a log that grew. The first lines of inventories are often the
    same.
    """
    first_line = sample.find(b"\n", _KEY_BYTES - 1) + 1
    end = SAMPLE_BYTES if is_inventory or not first_line else first_line
    return hashlib.sha256(sample[:end]).hexdigest()[:16]


def see_content(content: Content, beginnings: Beginnings) -> Sighting:
    """Read a content as far as it takes to tell whether it is known: to its end where something begins like it."""
    chunks = iter(content.chunks)
    held: list[bytes] = []
    size = 0
    while size < SAMPLE_BYTES and (chunk := next(chunks, b"")):
        held.append(chunk)
        size += len(chunk)
    sample = b"".join(held)[:SAMPLE_BYTES]
    key = make_key(sample, is_inventory=content.inventory is not None)
    candidates = list(beginnings.find(key))
    is_all_key = size <= _KEY_BYTES or (content.inventory is not None and size < SAMPLE_BYTES)
    if not candidates:
        return Sighting(key, is_all_key)
    marks = {length for source in candidates for length, _ in _states(source)}
    marks |= {source.solid[0] for source in candidates if source.solid is not None}
    digests, length, content_id = _digest((*held,), chunks, sorted(marks))
    known = [
        (source, begun)
        for source in candidates
        if (begun := max((n for n, name in _states(source) if digests.get(n) == name), default=0))
    ]
    known.sort(key=lambda pair: -pair[1])
    return Sighting(key, is_all_key, length, content_id, tuple(known), digests)


def _states(source: StoredSource) -> Iterable[tuple[int, str]]:
    return (*source.history, (source.length, source.content_id))


def _digest(held: Sequence[bytes], rest: Iterable[bytes], marks: Sequence[int]) -> tuple[dict[int, str], int, str]:
    """Return the digests at `marks` that lie in a stream, and the length and digest of all of it."""
    digests: dict[int, str] = {}
    digest, done, waiting = hashlib.sha256(), 0, [mark for mark in marks if mark > 0]
    for chunks in (held, rest):
        for chunk in chunks:
            begin = 0
            while waiting and waiting[0] <= done + len(chunk):
                end = waiting.pop(0) - done
                digest.update(memoryview(chunk)[begin:end])
                digests[done + end] = digest.hexdigest()
                begin = end
            digest.update(memoryview(chunk)[begin:])
            done += len(chunk)
    return digests, done, digest.hexdigest()
