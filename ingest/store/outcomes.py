"""What comes of an ingest, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.arguments import Source
from ingest.reading import Progress

Status = Literal["added", "grown", "read_again", "unchanged", "relabelled", "empty", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one source: `entries` and `bytes` are those that were read anew (after decompression)."""

    source: str
    status: Status
    entries: int = 0
    rows: int = 0
    duplicates: int = 0
    bytes: int = 0
    problem: str | None = None


@dataclass(frozen=True)
class Ingested:
    """What an ingest did: an outcome for each source, in the order given; sentences for people in `warnings`."""

    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...]

    def count(self, *statuses: Status) -> int:
        """Return how many sources came out so."""
        return sum(outcome.status in statuses for outcome in self.outcomes)


class Meter:
    """Tells how far all sources together have come."""

    def __init__(self, sources: Sequence[Source], progress: Callable[[Progress], None] | None) -> None:
        self._sizes = {source.name: _size_of(source.path) for source in sources}
        self._progress = progress
        self._done = 0
        self._ended = 0

    def report(self, source: Source, done: int, entries: int) -> None:
        """Tell that so many bytes of a source are read."""
        if self._progress is not None:
            total = sum(self._sizes.values())
            self._progress(Progress(source.name, self._ended, len(self._sizes), self._done + done, total, entries))

    def end_file(self, source: Source) -> None:
        """Tell that a source is done."""
        self._done += self._sizes[source.name]
        self._ended += 1
        self.report(source, 0, 0)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
