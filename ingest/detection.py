"""What is this file? Format, envelope, era, confidence, and the first line that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ingest.blocks import Block, cut_blocks
from ingest.compression import ByteStream
from ingest.envelopes import find_envelopes
from ingest.errors import SourceError
from ingest.formats import custom_format, load_formats, without_time
from ingest.inventory import recognise
from ingest.log_reader import looks_binary, split_lines
from ingest.parser import known_formats, parse_lines
from ingest.reading import SAMPLE_BYTES
from ingest.unwrapping import Unwrapper

#: Lines that are looked at.
DETECT_LINES = 2000


@dataclass(frozen=True)
class FormatShare:
    """How many of the lines looked at are of one format."""

    name: str
    title: str
    era: str | None
    lines: int


@dataclass(frozen=True)
class Detection:
    """What a file is, by its first lines.

    `kind` is access_log, inventory, outlier_event, binary, empty or unknown; `formats` are the most frequent
    first, `envelopes` the outermost first; `confidence` is the share (0 to 1) of the lines that could be read
    among those that are not blank; `first_unfit_line` (from 1), `first_unfit` (bytes, cut at 2,000) are the
    first line that no format reads, or None.
    """

    path: str
    kind: str
    compression: str
    formats: tuple[FormatShare, ...]
    envelopes: tuple[str, ...]
    confidence: float
    lines_read: int
    first_unfit_line: int | None
    first_unfit: bytes | None


def detect(path: str, *, log_format: str | None = None) -> Detection:
    """Return what the file at `path` is, from its first 2,000 lines.

    `log_format` is a format string or JSON template to try first. Raises SourceError where the file cannot be
    read, FormatError where `log_format` is not valid.
    """
    formats = known_formats(custom_format(log_format) if log_format else None)
    try:
        with Path(path).open("rb") as file:
            stream = ByteStream(file)
            block = next(cut_blocks(stream.chunks(), SAMPLE_BYTES), None)
            compression = stream.compression
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if block is None:
        return _plain(path, "empty", compression)
    inventory = recognise(block.data[:SAMPLE_BYTES])
    if inventory is not None:
        share = FormatShare(inventory.name, inventory.title, None, block.lines)
        return Detection(path, inventory.counted_as, compression, (share,), (), 1.0, block.lines, None, None)
    lines = split_lines(block.data).head(DETECT_LINES)
    chain = find_envelopes(lines)
    unwrapped = Unwrapper(chain).open(lines, 1)
    parsed = parse_lines(unwrapped.texts, formats)
    if not parsed.rows and looks_binary(block.data):
        return _plain(path, "binary", compression)
    counts: dict[str, int] = {}
    fits = pl.repeat(False, len(unwrapped.texts), dtype=pl.Boolean, eager=True)
    for rows in parsed.rows:
        counts[rows.format] = counts.get(rows.format, 0) + len(rows)
        fits = fits.scatter(rows.positions, values=True)
    unfit = (~fits & (unwrapped.texts.str.strip_chars() != "")).arg_true()
    filled = parsed.row_count + len(unfit)
    first = unwrapped.positions[unfit[0]] if len(unfit) else None
    known = {entry.name: entry for entry in formats}
    trimmed = [entry for entry in map(without_time, load_formats()) if entry is not None]
    known.update({entry.name: entry for entry in trimmed})
    return Detection(
        path=path,
        kind="access_log" if parsed.rows else "unknown",
        compression=compression,
        formats=tuple(
            FormatShare(name, known[name].title, known[name].era, count)
            for name, count in sorted(counts.items(), key=lambda item: -item[1])
        ),
        envelopes=tuple(envelope.name for envelope in chain),
        confidence=parsed.row_count / filled if filled else 0.0,
        lines_read=len(lines),
        first_unfit_line=None if first is None else first + 1,
        first_unfit=None if first is None else _line(block, first)[:2000],
    )


def _line(block: Block, place: int) -> bytes:
    return block.data.split(b"\n", place + 1)[place].removesuffix(b"\r")


def _plain(path: str, kind: str, compression: str) -> Detection:
    return Detection(path, kind, compression, (), (), 0.0, 0, None, None)
