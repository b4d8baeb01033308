"""The way back from a row to its bytes: lines of the sources as they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.blocks import cut_blocks
from ingest.compression import ByteStream
from ingest.errors import SourceError


class Evidence:
    """Reads lines of the sources again; `paths` is where the bytes of each source are."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)

    def read_lines(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Return the raw bytes, without their end, of lines given as (source, line from 1).

        A line that the source does not hold (any more) is absent. Raises SourceError where a source cannot
        be opened.
        """
        by_source: dict[str, set[int]] = {}
        for source, line in wanted:
            by_source.setdefault(source, set()).add(line)
        found: dict[tuple[str, int], bytes] = {}
        for source, lines in by_source.items():
            for line, data in self._read_source(source, lines).items():
                found[source, line] = data
        return found

    def _read_source(self, source: str, lines: set[int]) -> dict[int, bytes]:
        path = self._paths.get(source)
        if path is None:
            return {}
        left = sorted((line for line in lines if line > 0), reverse=True)
        found: dict[int, bytes] = {}
        try:
            with path.open("rb") as file:
                for block in cut_blocks(ByteStream(file).chunks()):
                    if not left:
                        break
                    if left[-1] >= block.first_line + block.lines:
                        continue
                    texts = block.data.split(b"\n")
                    while left and left[-1] < block.first_line + block.lines:
                        line = left.pop()
                        found[line] = texts[line - block.first_line].removesuffix(b"\r")
        except OSError as error:
            raise SourceError(f"{source}: {error.strerror or error}", hint="Is the file still there?") from error
        return found
