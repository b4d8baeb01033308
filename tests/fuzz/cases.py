"""One hostile file and what must hold when it is read."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import tarfile
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq

import ingest
from ingest.access_log import Origin
from ingest.contents import open_contents
from ingest.errors import HoplineError
from ingest.formats import LogFormat
from ingest.log_reader import BlockReader
from ingest.unwrapping import Unwrapper

#: What a line's neighbours may change: its number, and what is said about the proxy by all lines together.
_SHARED_COLUMNS = frozenset({"line", "source", "role"})
#: Envelopes in which one line may say that it goes on in the next.
_JOINING = ("cri", "docker", "fluent", "vector", "filebeat", "logcli", "gcp", "elastic")


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, part in (("a/in-1.log", data), ("b/in-2.log.gz", gzip.compress(data))):
            info = tarfile.TarInfo(name)
            info.size = len(part)
            archive.addfile(info, io.BytesIO(part))
    return out.getvalue()


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/in-1.log", data)
        archive.writestr("in-2.log", data[: len(data) // 2], zipfile.ZIP_STORED)
    return out.getvalue()


COMPRESSIONS: Mapping[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "tar": _tar,
    "tar in gzip": lambda data: gzip.compress(_tar(data)),
    "zip": _zip,
}


class Here:
    """An executor that runs what it is given at once, in this process."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *job: Any) -> Future[Any]:
        """Run the work."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*job))
        except Exception as error:
            done.set_exception(error)
        return done

    def shutdown(self, **_: object) -> None:
        """There is nothing to stop."""


@dataclass(frozen=True)
class Case:
    """Lines of one file; `hostile` are indexes of those that were changed, in ascending order.

    `group` names the kind of the others, or is empty where all are hostile: then nothing is said of neighbours.
    `damage` changes the file's bytes after compression: (cut at, XOR of one byte) or None. `block` is the size of
    a block in bytes, 0 for the usual one.
    """

    lines: tuple[bytes, ...]
    hostile: tuple[int, ...]
    group: str = ""
    log_format: str | None = None
    compression: str = "none"
    damage: tuple[int, int] | None = None
    block: int = 0
    ending: bytes = b"\n"
    as_inventory: bool = False
    #: Divide the file as if it were a large one read by several processes.
    divided: bool = False

    @property
    def text(self) -> bytes:
        """The file before compression."""
        return self.ending.join(self.lines) + (self.ending if self.lines else b"")

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        data = COMPRESSIONS[self.compression](self.text)
        if self.damage is None or not data:
            return data
        at, mask = self.damage[0] % len(data), self.damage[1]
        return data[:at] if not mask else data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]

    @property
    def joins(self) -> bool:
        """Say whether lines may belong together."""
        return self.group.startswith(_JOINING)

    @property
    def is_fair(self) -> bool:
        """Say whether the lines that nobody changed are at least three in four of the beginning.

        The beginning decides what a file is; a block is its beginning where blocks are made small.
        """
        size, good, hostile = 0, 0, set(self.hostile)
        for index, line in enumerate(self.lines):
            if self.block and size > self.block:
                break
            size += len(line) + 1
            good += 1 if index not in hostile else -3 * len(line.split(b"\n"))
        return good >= 0


@dataclass(frozen=True)
class Problem:
    """What did not hold: `key` is the same for problems with the same cause, as far as can be told."""

    key: str
    text: str


@dataclass(frozen=True)
class Tables:
    """What ingest made of a file."""

    rows: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    evidence: ingest.Evidence

    @property
    def fates(self) -> list[str]:
        """Return the reasons why lines are neither rows nor rejects."""
        return sorted({reason for source in self.sources for reason, _ in source["others"]})


def check(case: Case) -> Problem | None:
    """Return the first thing that does not hold; None where all is well."""
    with TemporaryDirectory(prefix="hopline-fuzz-") as folder:
        path = Path(folder) / "access.log"
        path.write_bytes(case.content)
        try:
            tables = _read(case, path)
            if tables is None:
                return None
            if len(case.lines) % 4 == 0:
                ingest.detect(str(path))
            problems = chain(_check_counts(case, tables), _check_bytes(case, tables, str(path)))
            if case.group and case.is_fair and not case.joins:
                problems = chain(problems, _check_neighbours(case, tables))
            problems = chain(problems, _check_paths(case, path, tables))
            return next(iter(problems), None)
        except HoplineError as error:
            # An inventory that is none may be refused, and a compressed stream that gives nothing; no other log.
            may_be = (
                case.as_inventory
                or not case.content.startswith(case.text[:8])
                or "compressed" in str(error)
                or "archive" in str(error)
            )
            return None if may_be else Problem(f"refused: {type(error).__name__}", str(error))
        except Exception as error:  # whatever it is, it is what we look for
            return _explain(error)


def _read(case: Case, path: Path) -> Tables | None:
    with ExitStack() as stack:
        if case.block:
            stack.enter_context(mock.patch("ingest.reading.BLOCK_BYTES", case.block))
            stack.enter_context(mock.patch("ingest.pool.BLOCK_BYTES", case.block))
            stack.enter_context(mock.patch("ingest.compression._OUTPUT", max(case.block // 2, 1)))
        if case.divided:
            stack.enter_context(mock.patch("ingest.pool.ProcessPoolExecutor", Here))
            stack.enter_context(mock.patch("ingest.reading.WORTH_BYTES", 0))
            stack.enter_context(mock.patch("ingest.reading.JOB_BYTES", max(2 * case.block, 500)))
        logs = [] if case.as_inventory else [str(path)]
        parsed = ingest.parse(
            logs or [str(_empty(path))],
            inventory=[str(path)] if case.as_inventory else [],
            folder=path.parent / "tables",
            log_format=case.log_format,
            workers=2 if case.divided else 1,
        )
    if case.as_inventory:
        return None
    return Tables(_table(parsed.access_log), _table(parsed.rejects), _table(parsed.sources), parsed.evidence)


def _empty(path: Path) -> Path:
    empty = path.with_name("empty.log")
    empty.touch()
    return empty


def _table(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def _check_counts(case: Case, tables: Tables) -> Iterator[Problem]:
    for source in tables.sources:
        others = sum(count for _, count in source["others"])
        counts = (source["entries_read"], source["access_log_rows"], source["rejected"], others)
        if counts[0] != sum(counts[1:]) or min((*counts, *(count for _, count in source["others"]))) < 0:
            yield Problem("accounting", f"entries, rows, rejected, others: {counts}, {source['others']}")
        numbers = [
            [row["line"] for row in rows if row["source"] == source["source"]] for rows in (tables.rows, tables.rejects)
        ]
        if list(map(len, numbers)) != list(counts[1:3]):
            yield Problem("tables", f"{list(map(len, numbers))} rows and rejects, but sources has {counts}")
        together = [*numbers[0], *numbers[1]]
        if len(set(together)) != len(together) or any(not 1 <= number <= counts[0] for number in together):
            yield Problem("line numbers", f"{sorted(together)} of {counts[0]} entries")
    if _is_plain(case, tables):
        text = case.text.removeprefix(codecs.BOM_UTF8)
        expected = len(text.split(b"\n")) - (text.endswith(b"\n") or not text)
        if tables.sources[0]["entries_read"] != expected:
            yield Problem("entries", f"{expected} lines, {tables.sources[0]['entries_read']} entries")


def _is_plain(case: Case, tables: Tables) -> bool:
    """Say whether the lines are those of the text: no archive, no container, no other encoding, not cut short."""
    if case.damage or len(tables.sources) != 1 or tables.sources[0]["compression"] != case.compression:
        return False
    with io.BytesIO(case.content) as file:
        (content,) = open_contents(file)
        return content.container is None and content.encoding == "utf-8"


def _check_bytes(case: Case, tables: Tables, source: str) -> Iterator[Problem]:
    """Rejects and evidence have the bytes of the line."""
    if not _is_plain(case, tables):
        return
    lines = case.text.removeprefix(codecs.BOM_UTF8).split(b"\n")
    for row in tables.rejects:
        if row["raw"] != lines[row["line"] - 1].removesuffix(b"\r"):
            yield Problem("bytes of a reject", f"line {row['line']}: {row['raw']!r}")
    wanted = [(source, row["line"]) for row in (*tables.rows[:3], *tables.rejects[:3])]
    for (_, number), data in tables.evidence.read_lines(wanted).items():
        if data != lines[number - 1].removesuffix(b"\r"):
            yield Problem("bytes of evidence", f"line {number}: {data!r}")


def _check_neighbours(case: Case, tables: Tables) -> Iterator[Problem]:
    """Lines that nobody changed become what they become alone."""
    hostile, number, expected = set(case.hostile), 1, {}
    alone = iter(_rows_alone(tuple(line for i, line in enumerate(case.lines) if i not in hostile), case))
    for index, line in enumerate(case.lines):
        if index not in hostile:
            expected[number] = next(alone)
        number += len(line.split(b"\n"))
    found = {row["line"]: row for row in tables.rows}
    for line_number, row in expected.items():
        got = found.get(line_number)
        if (row is None) != (got is None):
            yield Problem(
                f"a neighbour is lost or found: {tables.fates}", f"line {line_number}: expected {row}, found {got}"
            )
        elif row is not None and got is not None:
            wrong = {
                name: (row[name], got[name]) for name in row if row[name] != got[name] and name not in _SHARED_COLUMNS
            }
            if wrong:
                yield Problem(f"a neighbour is changed: {sorted(wrong)}", f"line {line_number}: {wrong}")


def _check_paths(case: Case, path: Path, tables: Tables) -> Iterator[Problem]:
    """Blocks read as a whole become what their lines become one by one."""
    with mock.patch.object(BlockReader, "for_formats", _reader_of_lines):
        others = _read(case, path)
    assert others is not None
    for name in ("rows", "rejects"):
        mine, theirs = (sorted(getattr(each, name), key=_place) for each in (tables, others))
        if mine != theirs:
            yield Problem(f"the two paths differ in {name}", f"{mine}\n{theirs}")
    if tables.fates != others.fates:
        yield Problem("the two paths differ in what is neither", f"{tables.fates}\n{others.fates}")


def _reader_of_lines(
    origin: Origin, formats: Sequence[LogFormat], unwrapper: Unwrapper, *, is_binary: bool = False
) -> BlockReader:
    return BlockReader(origin, tuple(formats), unwrapper, is_binary)


def _place(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["source"], row["line"]


def _rows_alone(lines: tuple[bytes, ...], case: Case) -> tuple[dict[str, Any] | None, ...]:
    return _read_alone(lines, case.log_format, case.ending)


@lru_cache(maxsize=4096)
def _read_alone(lines: tuple[bytes, ...], log_format: str | None, ending: bytes) -> tuple[dict[str, Any] | None, ...]:
    case = Case(lines, (), log_format=log_format, ending=ending)
    with TemporaryDirectory(prefix="hopline-fuzz-") as folder:
        path = Path(folder) / "access.log"
        path.write_bytes(case.content)
        tables = _read(case, path)
    assert tables is not None
    rows = {row["line"]: row for row in tables.rows}
    return tuple(rows.get(number) for number in range(1, len(lines) + 1))


def _explain(error: Exception) -> Problem:
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if "/ingest/" in f.filename and "/tests/" not in f.filename
    ]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
    text = "".join(traceback.format_exception(error)[-12:])
    return Problem(f"{type(error).__name__} in {where}", text)


def minimise(case: Case, key: str, *, tries: int = 400) -> Case:
    """Return a smaller case with the same problem: fewer lines, then shorter hostile ones."""
    left = tries

    def fails(candidate: Case) -> bool:
        nonlocal left
        left -= 1
        problem = check(candidate)
        return problem is not None and problem.key == key

    for simpler in (
        replace(case, divided=False),
        replace(case, block=0),
        replace(case, ending=b"\n"),
        replace(case, log_format=None),
    ):
        if simpler != case and fails(simpler):
            case = simpler
    index = len(case.lines) - 1
    while index >= 0 and left > 0:
        candidate = _without_line(case, index)
        if fails(candidate):
            case = candidate
        index -= 1
    for index in case.hostile:
        size = max(len(case.lines[index]) // 2, 1)
        while left > 0:
            line, place, shorter = case.lines[index], 0, False
            while place < len(line) and left > 0:
                candidate = replace(case, lines=_with(case.lines, index, line[:place] + line[place + size :]))
                if fails(candidate):
                    case, line, shorter = candidate, candidate.lines[index], True
                else:
                    place += size
            if size == 1 and not shorter:
                break
            size = max(size // 2, 1)
    return case


def _with(lines: tuple[bytes, ...], index: int, line: bytes) -> tuple[bytes, ...]:
    return (*lines[:index], line, *lines[index + 1 :])


def _without_line(case: Case, index: int) -> Case:
    hostile = tuple(i - (i > index) for i in case.hostile if i != index)
    return replace(case, lines=case.lines[:index] + case.lines[index + 1 :], hostile=hostile)
