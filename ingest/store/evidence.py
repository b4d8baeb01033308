"""The way back from a row of a store to its line: in the log, if that is still there, or in what was kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.containers import split_entry
from ingest.contents import Content, open_contents
from ingest.entries import ENTRIES
from ingest.pool import Range
from ingest.store.manifest import Place, Segment, StoredSource


class StoreEvidence:
    """Reads lines of the sources of a store again.

    A line is taken from the copy that `hopline ingest --keep-raw` kept, else from the log, wherever it was seen last:
    the bytes around it must be those that were ingested, by their SHA-256. `missing` names the sources with lines that
    could not be had, and why.
    """

    def __init__(self, segments: Path, sources: Mapping[str, StoredSource]) -> None:
        self._segments = segments
        self._sources = dict(sources)
        self.missing: dict[str, str] = {}

    def read_lines(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Return the raw bytes, without their end, of lines given as (source, line from 1).

        A line that can be had neither from the store nor from a log is absent.
        """
        by_source: dict[str, list[int]] = {}
        for name, line in wanted:
            by_source.setdefault(name, []).append(line)
        found: dict[tuple[str, int], bytes] = {}
        for name, lines in by_source.items():
            source = self._sources.get(name)
            if source is None:
                continue
            got = dict(self._read_source(source, sorted(set(lines))))
            if len(got) < len(set(lines)):
                places = ", ".join(dict.fromkeys(place.path for place in source.places if place.path)) or "a pipe"
                self.missing[name] = f"the log is no longer as it was ingested (from {places})"
            found.update({(name, line): raw for line, raw in got.items()})
        return found

    def _read_source(self, source: StoredSource, lines: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        left = list(lines)
        is_entries = ENTRIES.name in (source.manner or "").partition(":")[0].split("+")
        for segment in source.segments:
            for line, raw in list(self._read_kept(segment, left, is_entries)):
                left.remove(line)
                yield line, raw
        ranges = list(self._find_ranges(source, left))
        for place in source.places:
            if not ranges:
                return
            read = dict(_read_ranges(place, [found for found, _ in ranges]))
            for found, inside in ranges:
                if found in read:
                    yield from _lines_of(read[found], found.first_line, inside, is_entries)
            ranges = [(found, inside) for found, inside in ranges if found not in read]

    def _read_kept(self, segment: Segment, lines: Sequence[int], is_entries: bool) -> Iterator[tuple[int, bytes]]:
        path = self._segments / segment.folder / "raw.parquet"
        if not any(file.table == "raw" for file in segment.files) or not path.is_file():
            return
        with pq.ParquetFile(path) as file:
            for row_group in range(file.num_row_groups):
                head = file.read_row_group(row_group, columns=["first_line", "lines"]).to_pylist()[0]
                inside = [line for line in lines if 0 <= line - head["first_line"] < head["lines"]]
                if inside:
                    raw = file.read_row_group(row_group, columns=["raw"]).column(0)[0].as_py()
                    yield from _lines_of(raw, head["first_line"], inside, is_entries)

    def _find_ranges(self, source: StoredSource, lines: Sequence[int]) -> Iterator[tuple[Range, list[int]]]:
        for segment in source.segments:
            path = self._segments / segment.folder / "ranges.parquet"
            if not lines or not path.is_file():
                continue
            table = pq.read_table(path)
            first = table.column("first_line")
            mask = pc.and_(
                pc.less_equal(first, max(lines)), pc.greater(pc.add(first, table.column("lines")), min(lines))
            )
            for row in table.filter(mask).to_pylist():
                found = Range(**row)
                inside = [line for line in lines if 0 <= line - found.first_line < found.lines]
                if inside:
                    yield found, inside


def _lines_of(data: bytes, first_line: int, lines: Sequence[int], is_entries: bool) -> Iterator[tuple[int, bytes]]:
    texts = data.split(b"\n")
    for line in lines:
        raw = texts[line - first_line].removesuffix(b"\r")
        yield line, split_entry(raw) if is_entries else raw


def _read_ranges(place: Place, wanted: Sequence[Range]) -> Iterator[tuple[Range, bytes]]:
    """Yield those ranges that the log in a place holds as they were."""
    if not place.path:
        return
    try:
        with open(place.path, "rb") as file:
            for content in open_contents(file):
                if content.inner != place.inner or content.is_archive:
                    continue
                read = _seek(file, wanted) if content.in_place else _scan(content, wanted)
                for found, data in read:
                    if hashlib.sha256(data).hexdigest() == found.digest:
                        yield found, data
                return
    except OSError:
        return


def _seek(file: BinaryIO, wanted: Sequence[Range]) -> Iterator[tuple[Range, bytes]]:
    for found in wanted:
        file.seek(found.offset)
        yield found, file.read(found.size)


def _scan(content: Content, wanted: Sequence[Range]) -> Iterator[tuple[Range, bytes]]:
    """Yield ranges out of a stream, which can only be read from its beginning."""
    waiting = sorted(wanted, key=lambda each: each.offset)
    held, at = b"", 0
    for chunk in content.lines():
        if not waiting:
            return
        held += chunk
        while waiting and at + len(held) >= waiting[0].offset + waiting[0].size:
            found = waiting.pop(0)
            yield found, held[found.offset - at : found.offset - at + found.size]
        keep = waiting[0].offset if waiting else at + len(held)
        drop = min(max(keep - at, 0), len(held))
        held, at = held[drop:], at + drop
