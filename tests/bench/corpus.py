"""Made-up logs on disk, with their truth beside them."""

from __future__ import annotations

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
