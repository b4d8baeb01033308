"""What is this file? Format, envelope, era, confidence, and the first line that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.blocks import Block, cut_blocks
from ingest.contents import SAMPLE_BYTES, Content, name_of, open_contents
from ingest.entries import ENTRIES
from ingest.errors import SourceError
from ingest.formats import LogFormat, load_formats, without_time
from ingest.log_reader import chain_of, looks_binary, seen_chain, split_lines, to_text
from ingest.masks import make_mask
from ingest.mesh_formats import given_formats
from ingest.parser import known_formats, parse_lines
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

    `kind` is access_log, inventory, outlier_event, health_event, binary, empty, unknown, or archive for one that holds
    nothing or could not be read to its end; `formats` are the most frequent first, `envelopes` the outermost first;
    `confidence` is the share (0 to 1) of the lines that could be read among those that are not blank;
    `first_unfit_line` (from 1), `first_unfit` (bytes, cut at 2,000) are the first line that no format reads, or None;
    `problem` is why it could not be read to its end, where that is so.
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
    problem: str | None = None


def detect(path: str, *, log_format: str | None = None, log_format_from: Sequence[str] = ()) -> Detection:
    """Return what the file at `path` is, from its first 2,000 lines; for an archive, what its first file is.

    `log_format` is a format string or JSON template to try first, `log_format_from` are files that hold such. Raises
    SourceError where the file cannot be read, FormatError where a format is not valid.
    """
    return next(detect_all(path, log_format=log_format, log_format_from=log_format_from))


def detect_all(
    path: str, *, name: str | None = None, log_format: str | None = None, log_format_from: Sequence[str] = ()
) -> Iterator[Detection]:
    """Yield what a file is, or each file of an archive, under `name` (its path by default); else like `detect`."""
    name = path if name is None else name
    formats = known_formats(given_formats(log_format, log_format_from))
    try:
        with Path(path).open("rb") as file:
            for content in open_contents(file):
                yield _detect_content(name_of(name, content), content, formats)
    except OSError as error:
        raise SourceError(f"{name}: {error.strerror or error}") from error


def _detect_content(path: str, content: Content, formats: tuple[LogFormat, ...]) -> Detection:
    compression = content.compression
    if content.is_archive:
        return _plain(path, "archive", compression, content.problem)
    block = next(cut_blocks(content.lines(), SAMPLE_BYTES), None)
    if block is None:
        return _plain(path, "empty", compression, content.problem)
    inventory = content.inventory
    if inventory is not None:
        share = FormatShare(inventory.name, inventory.title, None, block.lines)
        return Detection(path, inventory.counted_as, compression, (share,), (), 1.0, block.lines, None, None)
    lines = split_lines(to_text(block.data)).head(DETECT_LINES)
    outer = () if content.container is None else (ENTRIES,)
    chain = chain_of(lines, formats, outer)
    unwrapped = Unwrapper(chain).open(lines, 1)
    shown = chain if content.container is None else seen_chain(lines, formats, outer)
    parsed = parse_lines(unwrapped.texts, formats)
    if not parsed.rows and not outer and looks_binary(block.data):
        return _plain(path, "binary", compression, content.problem)
    counts: dict[str, int] = {}
    fits = make_mask(False, len(unwrapped.texts))
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
        envelopes=tuple(
            content.container or envelope.name if envelope is ENTRIES else envelope.name for envelope in shown
        ),
        confidence=parsed.row_count / filled if filled else 0.0,
        lines_read=len(lines),
        first_unfit_line=None if first is None else first + 1,
        first_unfit=None if first is None else content.raw_of(_line(block, first))[:2000],
        problem=content.problem,
    )


def _line(block: Block, place: int) -> bytes:
    return block.data.split(b"\n", place + 1)[place].removesuffix(b"\r")


def _plain(path: str, kind: str, compression: str, problem: str | None) -> Detection:
    return Detection(path, kind, compression, (), (), 0.0, 0, None, None, problem)
