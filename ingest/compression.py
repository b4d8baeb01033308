"""Streams out of files, compressed or not: found out by content, decompressed in bounded steps.

A compressed stream that ends early, or breaks, yields what it held and says so (`ByteStream.truncated`,
`ByteStream.problem`).
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
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


class _Decompressor(Protocol):
    """What gzip, bzip2 and xz have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


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

    def _stepwise(self, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
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
                yield from _decompress(engine, pending)
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


def _decompress(engine: _Decompressor, data: bytes) -> Iterator[bytes]:
    """Yield all that a piece of input gives, a bounded chunk at a time."""
    while True:
        chunk = engine.decompress(data, _OUTPUT)
        data = _left_over(engine)
        if chunk:
            yield chunk
        if engine.eof or (not data and len(chunk) < _OUTPUT):
            return


def _left_over(engine: _Decompressor) -> bytes:
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


_MAKERS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": lambda: isal_zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}
