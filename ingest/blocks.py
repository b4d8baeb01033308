"""Newline-aligned blocks of a stream, with the number of their first line: the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import polars as pl
import pyarrow as pa

#: Bytes in a block, about: enough for vectorised work, little enough for the processor's cache.
BLOCK_BYTES = 8 << 20
#: A line longer than this is not kept: its first bytes become one rejected entry.
MAX_LINE_BYTES = 64 << 20
#: So many bytes of such a line are kept.
KEPT_BYTES = 64 << 10

_NEWLINE = ord("\n")
_SMALL = 64 << 10
#: Bytes that are looked at a time: what is made of them on the way stays in the processor's cache.
_STRIDE = 1 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole lines: `data` without its final newline; `first_line` from 1; `lines` how many.

    `overlong` marks a block of one line that was longer than MAX_LINE_BYTES; `data` is its beginning.
    `unended` marks the last block of a stream whose last line has no newline. `offset` is where the data
    begin in the decompressed stream.
    """

    data: bytes
    first_line: int
    lines: int
    offset: int
    overlong: bool = False
    unended: bool = False


def cut_blocks(
    chunks: Iterable[bytes], size: int | Callable[[], int] = BLOCK_BYTES, *, first_line: int = 1, offset: int = 0
) -> Iterator[Block]:
    """Cut a stream of bytes into blocks of whole lines of about `size` bytes, which may be another for each block.

    `first_line` and `offset` are those of its first byte, where the stream is the rest of one.

    A byte-order mark before line 1 is dropped; an empty stream gives no block. Memory: one block and
    one chunk, or MAX_LINE_BYTES within an overlong line.
    """
    parts: list[bytes] = []
    held, line, skipping = 0, first_line, False
    if first_line == 1 and offset == 0:
        chunks, offset = _skip_bom(iter(chunks))
    for chunk in chunks:
        if skipping:
            newline = chunk.find(b"\n")
            if newline < 0:
                offset += len(chunk)
                continue
            offset += newline + 1
            chunk, skipping = chunk[newline + 1 :], False  # noqa: PLW2901
            if not chunk:
                continue
        parts.append(chunk)
        held += len(chunk)
        if held < (size() if callable(size) else size):
            continue
        newline = chunk.rfind(b"\n")
        if newline < 0:
            if held > MAX_LINE_BYTES:
                yield from _give_up(parts, line, offset)
                line += count_lines(b"".join(parts)) + 1
                offset += held
                parts, held, skipping = [], 0, True
            continue
        data = b"".join((*parts[:-1], memoryview(chunk)[:newline]))
        rest = chunk[newline + 1 :]
        block = Block(data, line, count_lines(data) + 1, offset)
        yield block
        line += block.lines
        offset += len(data) + 1
        parts, held = ([rest], len(rest)) if rest else ([], 0)
    data = b"".join(parts)
    if data:
        ended = data.endswith(b"\n")
        data = data[:-1] if ended else data
        yield Block(data, line, count_lines(data) + 1, offset, unended=not ended)


def count_lines(data: bytes) -> int:
    """Return how many line ends there are: `bytes.count`, but many times as fast on large data."""
    if len(data) < _SMALL:
        return data.count(b"\n")
    return int((_codes_of(data) == _NEWLINE).sum())


def lines_at(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Return some lines of a block, by their places in it: `bytes.split`, but many times as fast on large data."""
    if len(data) < _SMALL:
        lines = data.split(b"\n")
        return [lines[place] for place in places]
    codes = _codes_of(data)
    parts = (codes.slice(first, _STRIDE) == _NEWLINE for first in range(0, len(data), _STRIDE))
    found = (_numbers().head(len(part)).filter(part) + number * _STRIDE for number, part in enumerate(parts))
    ends = pl.concat([pl.Series([-1], dtype=pl.Int64), *found, pl.Series([len(data)], dtype=pl.Int64)])
    return [data[ends[place] + 1 : ends[place + 1]] for place in places]


def _codes_of(data: bytes) -> pl.Series:
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])))


@cache
def _numbers() -> pl.Series:
    return pl.int_range(_STRIDE, dtype=pl.Int64, eager=True)


def _give_up(parts: list[bytes], line: int, offset: int) -> Iterator[Block]:
    """Yield the whole lines before an overlong one, and the beginning of that one."""
    data = b"".join(parts)
    newline = data.rfind(b"\n")
    if newline >= 0:
        before = data[:newline]
        count = before.count(b"\n") + 1
        yield Block(before, line, count, offset)
        line, offset = line + count, offset + newline + 1
    yield Block(data[newline + 1 :][:KEPT_BYTES], line, 1, offset, overlong=True)


def _skip_bom(chunks: Iterator[bytes]) -> tuple[Iterable[bytes], int]:
    """Return the chunks without a byte-order mark at their start, and how long that was."""
    head = b""
    while len(head) < len(_BOM) and (chunk := next(chunks, b"")):
        head += chunk
    rest = head.removeprefix(_BOM)
    return (chain((rest,), chunks) if rest else chunks), len(head) - len(rest)
