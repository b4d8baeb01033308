"""What is in a file: itself, or the members of an archive, each as a stream of lines.

Around the bytes of a log there may be compression, an archive (with compressed members, with archives in it), UTF-16
and a container of entries (`ingest.containers`). All are found out by content, here and nowhere else, so that the
reader, `detect` and the evidence see the same lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, cast

from ingest.archives import Archive, find_archive
from ingest.compression import ByteStream, ChunkFile
from ingest.containers import ContainerReader, find_container, split_entry
from ingest.inventory import InventoryFormat, recognise

#: Bytes at the start of a file by which it is recognised.
SAMPLE_BYTES = 256 << 10
#: Archives inside archives are opened to this depth.
MAX_DEPTH = 4

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass
class Content:
    """One log or other file; its lines must be taken before the next content of the same file.

    `inner` is its path in the archives around it, none for the file itself; `compression` what was taken off on the
    way, outermost first; `container` the kind of container that its entries come out of; `inventory` what it is where
    it is no log. `truncated` and `problem` are known after the last line.
    """

    inner: tuple[str, ...]
    compression: str
    container: str | None = None
    inventory: InventoryFormat | None = None
    encoding: str = "utf-8"
    truncated: bool = False
    problem: str | None = None
    chunks: Iterable[bytes] = ()
    #: Tells, after the last chunk, whether the stream around it was whole.
    finish: Callable[[], tuple[bool, str | None]] = lambda: (False, None)
    #: Stands for an archive that could not be read to its end, or holds nothing.
    is_archive: bool = False

    @property
    def in_place(self) -> bool:
        """Say whether the lines lie in the file as they are."""
        return not self.inner and self.compression == "none" and self.container is None and self.encoding == "utf-8"

    def lines(self, see: Callable[[bytes], None] = lambda _: None) -> Iterator[bytes]:
        """Yield the lines, many at a time; `see` is called with the bytes before any are turned into others."""
        chunks: Iterable[bytes] = _watched(self.chunks, see)
        if self.encoding != "utf-8":
            chunks = _transcode(chunks)
        if self.container is None:
            yield from chunks
        else:
            reader = ContainerReader(chunks)
            yield from reader.lines()
            self.truncated, self.problem = reader.truncated, reader.problem
        truncated, problem = self.finish()
        self.truncated |= truncated
        self.problem = problem or self.problem

    def raw_of(self, line: bytes) -> bytes:
        """Return a line as it is in the file: for an entry of a container, its text alone."""
        return line if self.container is None else split_entry(line)


def name_of(source: str, content: Content) -> str:
    """Return the name of the source that a content of the file called `source` is: itself, or ARCHIVE!PATH."""
    return "!".join((source, *content.inner))


def open_contents(file: BinaryIO) -> Iterator[Content]:
    """Yield what is in an open file: one content, or those of an archive, in its order.

    An archive that holds no file, or could not be read to its end, yields a content of no lines for itself at last.
    """
    yield from _open(file, (), (), 0)


def _open(file: BinaryIO, inner: tuple[str, ...], wrapped: tuple[str, ...], depth: int) -> Iterator[Content]:
    stream = ByteStream(file)
    sample, chunks = _look_ahead(stream.chunks())
    if stream.compression != "none":
        wrapped = (*wrapped, stream.compression)
    kind = find_archive(sample) if depth < MAX_DEPTH else None
    if kind is not None:
        yield from _open_archive(Archive(kind, chunks), stream, inner, (*wrapped, kind), depth)
        return
    encoding = "utf-16" if sample.startswith(_UTF16) else "utf-8"
    if encoding != "utf-8":
        sample = b"".join(_transcode((sample,)))
    sample = sample.removeprefix(codecs.BOM_UTF8)
    inventory = recognise(sample)
    yield Content(
        inner=inner,
        compression="+".join(wrapped) or "none",
        container=None if inventory else find_container(sample),
        inventory=inventory,
        encoding=encoding,
        chunks=chunks,
        finish=lambda: (stream.truncated, stream.problem),
    )


def _open_archive(
    archive: Archive, stream: ByteStream, inner: tuple[str, ...], wrapped: tuple[str, ...], depth: int
) -> Iterator[Content]:
    seen: dict[str, int] = {}
    for member in archive.members():
        name = _printable(member.name.replace("\\", "/").lstrip("/"))
        seen[name] = seen.get(name, 0) + 1
        path = (*inner, name) if seen[name] == 1 else (*inner, str(seen[name]), name)
        for content in _open(cast("BinaryIO", ChunkFile(member.chunks)), path, wrapped, depth + 1):
            whole = content.finish
            content.finish = lambda whole=whole, member=member: _first_problem(whole(), member.problem)  # type: ignore[misc]
            yield content
    problem = stream.problem or archive.problem or (None if seen else "the archive holds no files")
    if problem is not None:
        truncated = stream.truncated or archive.problem is not None
        yield Content(inner, "+".join(wrapped), problem=problem, truncated=truncated, is_archive=True)


def _first_problem(found: tuple[bool, str | None], problem: str | None) -> tuple[bool, str | None]:
    return (True, problem) if problem is not None else found


def _printable(name: str) -> str:
    """Return the name of a member with what is not text, or would break a line, spelled out."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _look_ahead(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the beginning of a stream, and the stream as it was."""
    held: list[bytes] = []
    size = 0
    while size < SAMPLE_BYTES and (chunk := next(chunks, b"")):
        held.append(chunk)
        size += len(chunk)
    return b"".join(held)[:SAMPLE_BYTES], chain(held, chunks)


def _watched(chunks: Iterable[bytes], see: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        see(chunk)
        yield chunk


def _transcode(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Turn UTF-16 with a byte-order mark into UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
