"""Made-up logs on disk, with their truth beside them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
from isal import igzip

from tests.bench.lines import Rates, make_batches
from tests.bench.truth import Truth

_ENDINGS = {"none": "", "gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True)
class Corpus:
    """What a log holds: `size` is in bytes of text, before compression; the last batch may go beyond it."""

    encoding: str = "text"
    size: int = 10**9
    seed: int = 1
    compression: str = "none"
    rates: Rates = field(default_factory=Rates)

    @property
    def name(self) -> str:
        """File name that tells what is in it."""
        return f"{self.encoding}-{self.size // 10**6}MB-{self.seed}.log{_ENDINGS[self.compression]}"


def write_corpus(corpus: Corpus, folder: Path) -> tuple[Path, Truth]:
    """Write the log and, beside it, its truth as `NAME.truth.json`; returns the path and the truth.

    Memory: one batch of lines, some 200 MB in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, truth, size = folder / corpus.name, Truth(), 0
    with _opened(path, corpus.compression) as file:
        for batch in make_batches(corpus.encoding, corpus.seed, corpus.rates):
            data = ("\n".join(batch.lines) + "\n").encode()
            file.write(data)
            size += len(data)
            truth.entries += len(batch.lines)
            truth.odd += batch.odd
            truth.rejected += batch.broken
            truth.others.update(batch.messages)
            truth.see_rows(batch.rows)
            if size >= corpus.size:
                break
    truth.write(truth_path(path), corpus=asdict(corpus), bytes=size)
    return path, truth


def pack_corpus(corpus: Corpus, plain: Path) -> Path:
    """Write the log in `plain` once more, compressed as `corpus` is, with its truth; returns the path."""
    path = plain.with_name(corpus.name)
    with plain.open("rb") as file, _opened(path, corpus.compression) as packed:
        shutil.copyfileobj(file, packed, 4 << 20)
    shutil.copyfile(truth_path(plain), truth_path(path))
    return path


def repeat_corpus(path: Path, times: int) -> Path:
    """Write a log `times` times after itself, and return the path; its counts and sums are so many times as large."""
    repeated = path.with_name(f"{path.stem}-{times}-times{path.suffix}")
    with repeated.open("wb") as out:
        for _ in range(times):
            with path.open("rb") as file:
                shutil.copyfileobj(file, out, 4 << 20)
    return repeated


def truth_path(path: Path) -> Path:
    """Return where the truth of a log is."""
    return path.with_name(path.name + ".truth.json")


@contextmanager
def _opened(path: Path, compression: str) -> Iterator[BinaryIO]:
    if compression == "gzip":
        with cast("BinaryIO", igzip.open(path, "wb", compresslevel=2)) as file:  # type: ignore[no-untyped-call]
            yield file
    elif compression == "zstd":
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            yield cast("BinaryIO", file)
    else:
        with path.open("wb") as file:
            yield file
