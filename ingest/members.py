"""What the readers of archives have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.compression import ChunkFile

#: Bytes of a member that are given at a time.
_CHUNK = 1 << 20

ENDS_EARLY = "the archive ends early"


class BrokenArchiveError(Exception):
    """The archive cannot be read further; the message says why."""


@dataclass
class Member:
    """A file in an archive; its chunks must be taken before the next member. `problem` is known afterwards."""

    name: str
    chunks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    problem: str | None = None


def read_stored(file: ChunkFile, member: Member, size: int, padding: int = 0) -> Iterator[bytes]:
    """Yield the next `size` bytes, which are those of a member, and pass over `padding` bytes behind them."""
    left = size
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            member.problem = ENDS_EARLY
            return
        left -= len(chunk)
        yield chunk
    file.read(padding)


def pass_over(member: Member) -> None:
    """Take what is left of a member."""
    for _ in member.chunks:
        pass
