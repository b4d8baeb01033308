"""The files in a zip archive, in their order, by the headers in front of them.

The directory at the end of a zip is not needed: so an archive that lost its end is read like any other.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.compression import ChunkFile, Decompressor, decompress
from ingest.members import ENDS_EARLY, BrokenArchiveError, Member, pass_over, read_stored

MEMBER = b"PK\x03\x04"
#: What stands at the end: the directory, or the end of it in an empty archive.
DIRECTORY = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08")
_DESCRIPTOR = b"PK\x07\x08"
_STORED = 0
_ENGINES: dict[int, Callable[[], Decompressor]] = {
    8: lambda: zlib.decompressobj(wbits=-15),
    12: bz2.BZ2Decompressor,
}


@dataclass(frozen=True)
class _Header:
    """A header in front of a file; `streamed` says that its sizes stand behind the file."""

    name: str
    method: int
    size: int
    encrypted: bool
    streamed: bool


def read_zip(file: ChunkFile) -> Iterator[Member]:
    """Yield the files of a zip archive. Raises BrokenArchiveError where it ends early or cannot be read."""
    while (signature := file.read(4)) == MEMBER:
        header = _read_header(file)
        if header.encrypted:
            raise BrokenArchiveError(f"{header.name} is encrypted")
        member = Member(header.name)
        if header.method == _STORED and header.streamed and not header.size:
            member.chunks = _read_to_descriptor(file, member)
        elif header.method == _STORED:
            member.chunks = read_stored(file, member, header.size)
        elif header.method in _ENGINES:
            member.chunks = _read_compressed(file, member, _ENGINES[header.method]())
        else:
            raise BrokenArchiveError(f"{header.name} is compressed by method {header.method}, which cannot be read")
        if not header.name.endswith("/"):
            yield member
        pass_over(member)
        if member.problem is not None:
            return
        if header.streamed:
            _pass_descriptor(file)
    if signature not in DIRECTORY:
        raise BrokenArchiveError(ENDS_EARLY if len(signature) < 4 else "the archive is broken after its last file")


def _read_header(file: ChunkFile) -> _Header:
    fixed = file.read(26)
    number = [int.from_bytes(fixed[at : at + 2], "little") for at in range(0, 26, 2)]
    name, extra = file.read(number[11]), file.read(number[12])
    if len(fixed) < 26 or len(name) < number[11] or len(extra) < number[12]:
        raise BrokenArchiveError(ENDS_EARLY)
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("cp437")
    flags, method = number[1], number[2]
    return _Header(text, method, _size(fixed, extra), bool(flags & 1), bool(flags & 8))


def _size(fixed: bytes, extra: bytes) -> int:
    """Return how many bytes a member takes in the archive; 0 where only the descriptor says."""
    size = int.from_bytes(fixed[14:18], "little")
    while size == 0xFFFFFFFF and len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == 1:  # zip64: the size as it was, then in the archive
            return int.from_bytes(extra[12:20], "little")
        extra = extra[4 + length :]
    return size


def _read_compressed(file: ChunkFile, member: Member, engine: Decompressor) -> Iterator[bytes]:
    while not engine.eof:
        data = file.read_some()
        if not data:
            member.problem = ENDS_EARLY
            return
        try:
            yield from decompress(engine, data)
        except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
            member.problem = f"the archive is broken ({error})"
            return
    file.push_back(engine.unused_data)


def _read_to_descriptor(file: ChunkFile, member: Member) -> Iterator[bytes]:
    """Read bytes that are stored as they are, up to the descriptor behind them that says how many they were."""
    given, held = 0, b""
    while True:
        found = held.find(_DESCRIPTOR)
        if 0 <= found <= len(held) - 16:
            if int.from_bytes(held[found + 8 : found + 12], "little") == (given + found) & 0xFFFFFFFF:
                if found:
                    yield held[:found]
                file.push_back(held[found:])
                return
            ready = found + 4  # the file itself holds these bytes
        else:
            ready = found if found >= 0 else max(len(held) - 3, 0)
        if ready:
            yield held[:ready]
            given, held = given + ready, held[ready:]
            continue
        more = file.read_some()
        if not more:
            member.problem = ENDS_EARLY
            if held:
                yield held
            return
        held += more


def _pass_descriptor(file: ChunkFile) -> None:
    """Take the checksum and sizes behind a member: with or without a signature, sizes of 4 or 8 bytes."""
    head = file.read(24)
    start = 8 if head.startswith(_DESCRIPTOR) else 4
    for width in (4, 8):
        end = start + 2 * width
        if head[end : end + 2] == b"PK" or len(head) <= end:
            file.push_back(head[end:])
            return
    file.push_back(head[start + 8 :])
