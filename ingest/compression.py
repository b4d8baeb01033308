"""Streams out of files, compressed or not: found out by content, decompressed in bounded steps.

A compressed stream that ends early, or breaks, yields what it held and says so (`ByteStream.truncated`,
`ByteStream.problem`).
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol, cast

import pyarrow as pa
from isal import isal_zlib

#: The package's stubs call it a value.
_ISAL_ERROR = cast("type[Exception]", isal_zlib.error)

#: Bytes of input given to a decompressor at a time, and the most it may give back at a time.
_INPUT = 1 << 20
_OUTPUT = 4 << 20

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)


class Decompressor(Protocol):
    """What gzip, bzip2 and xz have in common."""

    @property
    def eof(self) -> bool:
        """Say whether the stream has come to its end."""

    @property
    def unused_data(self) -> bytes:
        """Return the bytes behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes of what the data hold."""


def detect_compression(head: bytes) -> str:
    """Return none, gzip, zstd, bzip2 or xz from the first bytes of a file."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "none")


class ByteStream:
    """The decompressed bytes of an open file, in chunks of a few MB.

    After the last chunk `truncated` says whether a compressed stream ended early or broke, and `problem` how.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.truncated = False
        self.problem: str | None = None
        self._file = file
        self._head = _read_fully(file, 8)
        self.compression = detect_compression(self._head)

    def chunks(self) -> Iterator[bytes]:
        """Yield the decompressed bytes; each chunk is at least one byte long."""
        if self.compression == "none":
            yield from self._plain()
        elif self.compression == "zstd":
            yield from self._zstd()
        else:
            yield from self._stepwise(_MAKERS[self.compression])

    def _plain(self) -> Iterator[bytes]:
        if self._head:
            yield self._head
        while chunk := self._file.read(_OUTPUT):
            yield chunk

    def _stepwise(self, make: Callable[[], Decompressor]) -> Iterator[bytes]:
        pending, engine, started = self._head, make(), False
        while True:
            if not pending:
                pending = self._file.read(_INPUT)
                if not pending:
                    if started:
                        self._stop("the compressed stream ends early")
                    return
            started = True
            try:
                yield from decompress(engine, pending)
                pending = b""
            except (_ISAL_ERROR, OSError, EOFError, lzma.LZMAError, ValueError) as error:
                self._stop(f"the compressed stream is broken: {error}")
                return
            if engine.eof:
                # Another member may follow; gzip also allows zeros, and anything else is not ours to read.
                pending = engine.unused_data.lstrip(b"\0")
                while len(pending) < 8 and (more := self._file.read(_INPUT)):
                    pending = (pending + more).lstrip(b"\0")
                engine, started = make(), False
                if detect_compression(pending) != self.compression:
                    return

    def _zstd(self) -> Iterator[bytes]:
        given = 0
        try:
            with pa.CompressedInputStream(pa.PythonFile(_Prefixed(self._head, self._file)), "zstd") as stream:
                while chunk := stream.read(_INPUT):
                    given += len(chunk)
                    yield chunk
        except OSError as error:
            self._stop(f"the compressed stream ends early or is broken: {error}")
            yield from self._zstd_rest(given)

    def _zstd_rest(self, given: int) -> Iterator[bytes]:
        """Read once more, byte by byte near the end: Arrow drops the last buffer of a broken stream."""
        if not self._file.seekable():
            return
        self._file.seek(0)
        rest = bytearray()
        try:
            with pa.CompressedInputStream(pa.PythonFile(_Prefixed(b"", self._file)), "zstd") as stream:
                while given:
                    given -= len(stream.read(min(given, _INPUT)))
                while byte := stream.read(1):
                    rest += byte
        except OSError:
            pass
        if rest:
            yield bytes(rest)

    def _stop(self, problem: str) -> None:
        self.truncated, self.problem = True, problem


class ChunkFile:
    """A readable file out of chunks of bytes; it cannot seek, but take bytes back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""
        self._at = 0

    def read_some(self) -> bytes:
        """Return what is at hand, or the next chunk; nothing at the end."""
        if self._at < len(self._held):
            rest, self._held, self._at = self._held[self._at :], b"", 0
            return rest
        return next(self._chunks, b"")

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer at the end; all that is left for a negative size."""
        parts, left = [], size
        while left:
            if self._at >= len(self._held):
                self._held, self._at = next(self._chunks, b""), 0
                if not self._held:
                    break
            part = self._held[self._at : self._at + left if left > 0 else None]
            self._at += len(part)
            left -= len(part) if left > 0 else 0
            parts.append(part)
        return b"".join(parts)

    def push_back(self, data: bytes) -> None:
        """Give bytes back that the next read returns first."""
        self._held, self._at = data + self._held[self._at :], 0

    def seekable(self) -> bool:
        """Say that it cannot seek."""
        return False


def decompress(engine: Decompressor, data: bytes) -> Iterator[bytes]:
    """Yield all that a piece of input gives, a bounded chunk at a time."""
    while True:
        chunk = engine.decompress(data, _OUTPUT)
        data = _left_over(engine)
        if chunk:
            yield chunk
        if engine.eof or (not data and len(chunk) < _OUTPUT):
            return


def _left_over(engine: Decompressor) -> bytes:
    """Return the input that the engine has not taken yet (zlib hands it back, the others keep it)."""
    return b"" if engine.eof else getattr(engine, "unconsumed_tail", b"")


class _Prefixed:
    """A readable file of `head` and what is left of `file`."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head, self._file = head, file
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head + (self._file.read(max(size - len(head), 0)) if size >= 0 else self._file.read())
        return self._file.read(size)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def _read_fully(file: BinaryIO, size: int) -> bytes:
    head = b""
    while len(head) < size and (more := file.read(size - len(head))):
        head += more
    return head


_MAKERS: dict[str, Callable[[], Decompressor]] = {
    "gzip": lambda: isal_zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}
