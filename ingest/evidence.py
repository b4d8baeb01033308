"""The way back from a row to its bytes: lines of the sources as they were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ingest.blocks import cut_blocks
from ingest.contents import Content, name_of, open_contents
from ingest.errors import SourceError


class Evidence:
    """Reads lines of the sources again; `paths` is where the bytes of each source are.

    `members` is the archive that a source lies in, for those that do, by their names.
    """

    def __init__(self, paths: Mapping[str, Path], members: Mapping[str, str] | None = None) -> None:
        self._paths = dict(paths)
        self._members = dict(members or {})

    def read_lines(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Return the raw bytes, without their end, of lines given as (source, line from 1).

        An entry of a container is given back as it stands in it, on one line. A line that the source does not hold
        (any more) is absent. Raises SourceError where a source cannot be opened.
        """
        by_file: dict[str, dict[str, set[int]]] = {}
        for source, line in wanted:
            by_file.setdefault(self._members.get(source, source), {}).setdefault(source, set()).add(line)
        found: dict[tuple[str, int], bytes] = {}
        for file, sources in by_file.items():
            path = self._paths.get(file)
            if path is None:
                continue
            try:
                found.update(_read_file(path, file, sources))
            except OSError as error:
                raise SourceError(f"{file}: {error.strerror or error}", hint="Is the file still there?") from error
        return found


def _read_file(path: Path, name: str, sources: Mapping[str, set[int]]) -> Iterator[tuple[tuple[str, int], bytes]]:
    left = len(sources)
    with path.open("rb") as file:
        for content in open_contents(file):
            source = name_of(name, content)
            lines = sources.get(source)
            if lines is None or content.is_archive:
                continue
            for line, data in _read_content(content, lines):
                yield (source, line), data
            left -= 1
            if not left:
                return


def _read_content(content: Content, lines: set[int]) -> Iterator[tuple[int, bytes]]:
    left = sorted((line for line in lines if line > 0), reverse=True)
    for block in cut_blocks(content.lines()):
        if not left:
            return
        if left[-1] >= block.first_line + block.lines:
            continue
        texts = block.data.split(b"\n")
        while left and left[-1] < block.first_line + block.lines:
            line = left.pop()
            yield line, content.raw_of(texts[line - block.first_line].removesuffix(b"\r"))
