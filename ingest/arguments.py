"""What the arguments of LOGS and `--inventory` name: files, with the labels that come with them."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.errors import SourceError
from ingest.names import Names, names_from_path, with_label
from ingest.times import parse_time

STDIN = "-"

_LABEL = re.compile(
    r"(?P<cluster>[A-Za-z0-9][A-Za-z0-9_.-]*)/(?P<gateway>[A-Za-z0-9][A-Za-z0-9_.-]*)=(?P<path>.+)", re.DOTALL
)
#: A time inside a file name: 2026-11-24T02-00-00.123Z, 20261124T020000Z, 2026-11-24_02-00-00 ...
_NAME_TIME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T_-](\d\d)[-:_]?(\d\d)[-:_]?(\d\d)(?:[.,](\d{1,9}))?Z?(?!\d)")


@dataclass(frozen=True)
class Source:
    r"""One file to read: `name` is the path as given, `path` where its bytes are (another place for stdin).

    Bytes of a path that are not UTF-8 appear in `name` as \xNN.

    `observed_at` is when a snapshot was taken, where the argument or the file name says so.
    """

    name: str
    path: Path
    names: Names
    observed_at: datetime | None = None


def find_sources(arguments: Sequence[str]) -> tuple[list[Source], list[str]]:
    """Return the files that LOGS arguments name, each once, and a warning for every one that names none.

    Standard input is a source whose name is `-`. Raises SourceError where nothing at all is named.
    """
    sources: list[Source] = []
    warnings: list[str] = []
    seen: set[tuple[int, int] | str] = set()
    for argument in arguments:
        found = False
        for source in _expand(argument, warnings):
            found = True
            identity = identify(source)
            if identity in seen:
                warnings.append(f"{source.name}: the same file was given before; it is read once")
                continue
            seen.add(identity)
            sources.append(source)
        if not found:
            warnings.append(_explain(argument))
    if not sources:
        raise SourceError(
            warnings[0] if warnings else "no log files given",
            hint="Give log files, folders, globs, or - for standard input; cluster/gateway=PATH labels them.",
        )
    return sources, warnings


def find_inventory(arguments: Sequence[str]) -> tuple[list[Source], list[str]]:
    """Return the files that `--inventory` arguments name, with the time each snapshot was taken.

    Raises SourceError for an argument that names no file.
    """
    sources: list[Source] = []
    warnings: list[str] = []
    for argument in arguments:
        text, observed_at = _split_time(argument)
        found = list(_expand(text, warnings))
        if not found:
            raise SourceError(
                _explain(text), hint="Give inventory as -i FILE, -i FILE@TIME or -i cluster/gateway=FILE."
            )
        known = {identify(source) for source in sources}
        sources += [
            Source(s.name, s.path, s.names, observed_at or s.observed_at)
            for s in found
            if s.name != STDIN and identify(s) not in known
        ]
    return sources, warnings


def _expand(argument: str, warnings: list[str]) -> Iterator[Source]:
    if argument == STDIN:
        yield Source(STDIN, Path(STDIN), Names())
        return
    if not os.path.lexists(argument) and not glob.has_magic(argument):
        label = _LABEL.fullmatch(argument)
        if label:
            for source in _expand(label["path"], warnings):
                names = with_label(source.names, label["cluster"], label["gateway"])
                yield Source(source.name, source.path, names, source.observed_at)
            return
    elif not os.path.lexists(argument):
        paths = sorted(glob.glob(argument, recursive=True))
        if paths:
            for path in paths:
                yield from _expand_path(path, warnings)
            return
        label = _LABEL.fullmatch(argument)
        if label:
            for source in _expand(label["path"], warnings):
                names = with_label(source.names, label["cluster"], label["gateway"])
                yield Source(source.name, source.path, names, source.observed_at)
        return
    yield from _expand_path(argument, warnings)


def _expand_path(path: str, warnings: list[str]) -> Iterator[Source]:
    if not os.path.isdir(path):
        if os.path.lexists(path):
            yield _source(path, None)
        return
    for folder, folders, files in os.walk(
        path, onerror=lambda error: warnings.append(f"{_as_text(error.filename)}: {error.strerror}")
    ):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = os.path.join(folder, name)
            if name.startswith(".") or not _is_regular(file, warnings):
                continue
            yield _source(file, path)


def _source(path: str, root: str | None) -> Source:
    name = _as_text(path)
    names = names_from_path(name, None if root is None else _as_text(root))
    return Source(name, Path(path), names, time_in_name(os.path.basename(name)))


def _as_text(path: str) -> str:
    r"""Return a path with the bytes in it that are not UTF-8 spelled \xNN."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_regular(path: str, warnings: list[str]) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        warnings.append(f"{_as_text(path)}: {error.strerror}")
        return False
    return stat.S_ISREG(mode)


def identify(source: Source) -> tuple[int, int] | str:
    """Return what tells a file from others, whatever its path: device and inode."""
    if source.name == STDIN:
        return STDIN
    try:
        status = os.stat(source.path)
    except OSError:
        return source.name
    return (status.st_dev, status.st_ino)


def _explain(argument: str) -> str:
    name = _as_text(argument)
    if os.path.isdir(argument):
        return f"{name}: the folder holds no files"
    if glob.has_magic(argument):
        return f"{name}: no file matches"
    return f"{name}: no such file or folder"


def _split_time(argument: str) -> tuple[str, datetime | None]:
    """Split `FILE@TIME`; an existing path is that path, whatever it holds."""
    label = _LABEL.fullmatch(argument)
    path, at, time = argument.rpartition("@")
    if os.path.lexists(argument) or (label and os.path.lexists(label["path"])) or not at or not path:
        return argument, None
    observed_at = parse_time(time)
    return (path, observed_at) if observed_at else (argument, None)


def time_in_name(name: str) -> datetime | None:
    """Return the time (UTC) that a file name holds, such as clusters-2026-11-24T02-00-00.123Z.txt."""
    match = _NAME_TIME.search(name)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    try:
        micros = int(((match[7] or "") + "000000")[:6])
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    except ValueError:
        return None
