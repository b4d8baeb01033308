"""The manifest: what a store knows about its sources. Values, and JSON both ways; no IO.

One manifest holds the sources that begin alike, almost always one. A source is a content: the bytes after
decompression, whatever the file is called and however it is compressed. Its rows lie in segments, folders of Parquet
files that never change; its labels lie here, and are joined to the rows when they are read.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest import schema
from ingest.facts import Facts
from ingest.names import Names, names_of_snapshot

_SEAL, _END = b',\n "checksum": "', b'"\n}'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ManifestError(Exception):
    """A document is not one that a store wrote, or not as it wrote it."""


@dataclass(frozen=True)
class Place:
    """Where a content was seen: `name` as given, `path` of the file, and the path in the archives in it."""

    name: str
    path: str
    inner: tuple[str, ...]
    names: Names
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Holder:
    """A source that holds the same lines, and the names that it had when they were found to be the same."""

    source_id: str
    names: tuple[str | None, ...]


@dataclass(frozen=True)
class StoredFile:
    """A Parquet file of a segment: `rows` of `table`, `size` in bytes, SHA-256 `digest`.

    `first_time` and `last_time` bound the start_time of its rows. `held_by` names the other sources that hold the
    same lines, if any: then the rows do not count as long as one of those is in the store. `held_as` are the names
    (cluster, gateway, proxy) that the source itself had when that was found.
    """

    table: str
    name: str
    rows: int
    size: int
    digest: str
    first_time: datetime | None = None
    last_time: datetime | None = None
    held_by: tuple[Holder, ...] = ()
    held_as: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A folder of Parquet files: the lines of a source from byte `offset` on, up to `end`.

    `is_tail` marks the one last line that had no end yet: a longer source replaces it.
    """

    folder: str
    offset: int
    end: int
    files: tuple[StoredFile, ...]
    facts: Facts
    is_tail: bool = False


@dataclass(frozen=True)
class StoredSource:
    """One source.

    `length` bytes with the SHA-256 `content_id` were read; `history` holds earlier ones, of which it is the
    continuation. `solid` (bytes, lines) is where reading can go on when it grows, None where it has to begin anew.
    `manner` and `derivation` say how lines were made rows. `places` are where it was seen, the last first.
    """

    source_id: str
    content_id: str
    length: int
    history: tuple[tuple[int, str], ...]
    derivation: str
    manner: str | None
    solid: tuple[int, int] | None
    compression: str
    truncated: bool
    error: str | None
    is_inventory: bool
    ingested_at: datetime
    places: tuple[Place, ...]
    segments: tuple[Segment, ...]

    @property
    def place(self) -> Place:
        """Where it was seen last."""
        return self.places[0]

    def facts(self, name: str) -> Facts:
        """Return all that is known about the source, under the labels that it has now."""
        names = names_of_snapshot(self.place.names) if self.is_inventory else self.place.names
        facts = Facts(name, names, compression=self.compression, bytes_read=self.length, is_inventory=self.is_inventory)
        for segment in self.segments:
            facts.merge(segment.facts)
        facts.truncated, facts.error, facts.content_id = self.truncated, self.error, self.content_id
        if names.proxy is not None and (unnamed := facts.access_log_rows - sum(facts.proxies.values())) > 0:
            # Rows were read without the labels; those that name no proxy of their own are of this one.
            facts.proxies[names.proxy] += unnamed
        return facts

    def identity(self) -> tuple[str | None, ...]:
        """Return cluster, gateway and proxy, as they stand in the table of sources."""
        row = self.facts("").to_row()
        return tuple(row[name] for name in ("cluster_id", "gateway", "proxy"))  # type: ignore[misc]


@dataclass(frozen=True)
class Manifest:
    """The sources that begin alike; `generation` counts how often that was written."""

    key: str
    generation: int
    sources: tuple[StoredSource, ...] = ()

    def with_source(self, source: StoredSource) -> Manifest:
        """Return the next manifest, which holds this source in the place of what stood for it before."""
        others = tuple(each for each in self.sources if each.source_id != source.source_id)
        return Manifest(self.key, self.generation + 1, (*others, source))

    def without(self, source_id: str) -> Manifest:
        """Return the next manifest, which does not hold a source."""
        return Manifest(
            self.key, self.generation + 1, tuple(each for each in self.sources if each.source_id != source_id)
        )


def seal(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON with its version and, at its end, the SHA-256 of all before."""
    body = json.dumps({"schema_version": schema.SCHEMA_VERSION, **document}, indent=1, default=_plain).encode()
    head = body.removesuffix(b"\n}")
    return head + _SEAL + hashlib.sha256(head).hexdigest().encode() + _END


def unseal(data: bytes) -> dict[str, Any]:
    """Return the document in JSON that `seal` wrote; raises ManifestError where it is not as it was written."""
    head, seal_, rest = data.rpartition(_SEAL)
    if not seal_:
        raise ManifestError("it is not what hopline wrote")
    if rest != hashlib.sha256(head).hexdigest().encode() + _END:
        raise ManifestError("it was changed after it was written")
    return dict(json.loads(data))


def version_of(data: bytes) -> int | None:
    """Return the schema version of a document, whatever else may be in it; None where it has none."""
    try:
        version = json.loads(data)["schema_version"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return None
    return version if isinstance(version, int) else None


def to_document(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as a document to `seal`."""
    return {"key": manifest.key, "sources": list(manifest.sources)}


def from_document(document: Mapping[str, Any], generation: int) -> Manifest:
    """Return the manifest in a document; raises ManifestError where something in it is missing."""
    try:
        return Manifest(document["key"], generation, tuple(_source(entry) for entry in document["sources"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"it lacks what a manifest has: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        # Integers keep every microsecond, and any year.
        return (value - _EPOCH) // timedelta(microseconds=1)
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in a manifest")


def _time(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def _source(entry: Mapping[str, Any]) -> StoredSource:
    plain = dict(entry)
    plain["history"] = tuple((length, content_id) for length, content_id in entry["history"])
    plain["solid"] = None if entry["solid"] is None else tuple(entry["solid"])
    plain["ingested_at"] = _time(entry["ingested_at"])
    plain["places"] = tuple(
        Place(p["name"], p["path"], tuple(p["inner"]), Names(**p["names"]), _time(p["observed_at"]))
        for p in entry["places"]
    )
    plain["segments"] = tuple(_segment(segment) for segment in entry["segments"])
    return StoredSource(**plain)


def _segment(entry: Mapping[str, Any]) -> Segment:
    return replace(Segment(**entry), files=tuple(_file(each) for each in entry["files"]), facts=_facts(entry["facts"]))


def _file(entry: Mapping[str, Any]) -> StoredFile:
    holders = tuple(Holder(each["source_id"], tuple(each["names"])) for each in entry["held_by"])
    times = {name: _time(entry[name]) for name in ("first_time", "last_time")}
    return StoredFile(**{**entry, **times, "held_by": holders, "held_as": tuple(entry["held_as"])})


def _facts(entry: Mapping[str, Any]) -> Facts:
    counters = {name: Counter(entry[name]) for name in ("others", "formats", "roles", "proxies")}
    times = {name: _time(entry[name]) for name in ("first_time", "last_time")}
    return Facts(**{**entry, **counters, **times, "names": Names(**entry["names"])})
