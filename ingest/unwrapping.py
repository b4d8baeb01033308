"""Envelopes taken off the lines of a log, block after block; lines that came in parts are joined again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from ingest.blocks import MAX_LINE_BYTES, Block
from ingest.envelopes import Envelope, Opened
from ingest.names import Names, role_of_gateway, workload_of_pod
from ingest.rows import Rows

#: Facts of an envelope that have no column of their own: they go to `extra`.
_EXTRA = ("namespace", "container", "node", "log_name")


@dataclass(frozen=True)
class Unwrapped:
    """The inner lines of a block: `positions` (UInt32) are the lines where they end.

    `continued` counts the lines that hold an earlier part of one.

    `names` says who wrote each: pod, namespace, container, cluster, node.
    """

    texts: pl.Series
    positions: pl.Series
    continued: int
    names: Mapping[str, pl.Series]


@dataclass
class Unwrapper:
    """Takes a chain of envelopes off; holds the beginnings of lines that go on in the next block."""

    chain: tuple[Envelope, ...]
    #: For each unfinished line: its parts so far, and the number of the line that holds the last.
    _open: dict[tuple[int, str], tuple[list[str], int]] = field(default_factory=dict)
    #: The bytes of those last lines, by number.
    _raw: dict[int, bytes] = field(default_factory=dict)

    def open(self, lines: pl.Series, first_line: int) -> Unwrapped:
        """Return the inner lines of a block whose first line has the number `first_line`."""
        positions = pl.int_range(len(lines), dtype=pl.UInt32, eager=True)
        names: dict[str, pl.Series] = {}
        texts = lines
        for depth, envelope in enumerate(self.chain):
            opened = envelope.open(texts)
            texts = opened.inner
            for name, values in opened.names.items():
                names[name] = values.fill_null(names[name]) if name in names else values
            if opened.partial is not None and (opened.partial.any() or self._has_open(depth)):
                texts, keep = self._join(opened, depth, names, first_line, positions)
                texts, positions = texts.filter(keep), positions.filter(keep)
                names = {name: values.filter(keep) for name, values in names.items()}
        return Unwrapped(texts, positions, len(lines) - len(positions), names)

    def remember(self, block: Block) -> None:
        """Keep the bytes of the lines of a block that was opened, where they end in the middle of an inner line."""
        wanted = {line for _, line in self._open.values()}
        self._raw = {line: raw for line, raw in self._raw.items() if line in wanted}
        mine = [line for line in wanted if block.first_line <= line < block.first_line + block.lines]
        texts = block.data.split(b"\n") if mine else []
        self._raw |= {line: texts[line - block.first_line].removesuffix(b"\r") for line in mine}

    def finish(self) -> list[tuple[int, str, bytes]]:
        """Return the inner lines that never ended, with the number and the bytes of their last part's line."""
        rest = [(line, "".join(parts), self._raw.get(line, b"")) for parts, line in self._open.values()]
        self._open, self._raw = {}, {}
        return rest

    def _has_open(self, depth: int) -> bool:
        return any(key[0] == depth for key in self._open)

    def _join(
        self,
        opened: Opened,
        depth: int,
        names: Mapping[str, pl.Series],
        first_line: int,
        positions: pl.Series,
    ) -> tuple[pl.Series, pl.Series]:
        texts = opened.inner.to_list()
        partial = opened.partial.to_list() if opened.partial is not None else [False] * len(texts)
        streams = opened.stream.to_list() if opened.stream is not None else [None] * len(texts)
        pods = names["pod"].to_list() if "pod" in names else [None] * len(texts)
        fits = opened.fits.to_list()
        keep = [True] * len(texts)
        for index, text in enumerate(texts):
            if not fits[index]:
                continue
            key = (depth, f"{pods[index]} {streams[index]}")
            if partial[index]:
                parts, _ = self._open.get(key, ([], 0))
                if sum(map(len, parts)) < MAX_LINE_BYTES:
                    parts.append(text)
                self._open[key] = (parts, first_line + positions[index])
                keep[index] = False
            elif key in self._open:
                parts, _ = self._open.pop(key)
                texts[index] = "".join((*parts, text))
        return pl.Series(texts, dtype=pl.String), pl.Series(keep, dtype=pl.Boolean)


def name_rows(rows: Rows, unwrapped: Unwrapped, names: Names) -> Rows:
    """Return rows with the names that their envelopes give, and with positions in the block.

    Labels (`names.labelled`) win over an envelope's cluster and workload; the pod is always the envelope's.
    """
    columns: dict[str, pl.Series] = {}
    extra = dict(rows.extra)
    for name, values in unwrapped.names.items():
        mine = values.gather(rows.positions)
        if name == "pod":
            columns["proxy"] = mine
            if not names.labelled:
                columns["gateway"] = _map(mine, workload_of_pod)
                columns["role"] = _map(columns["gateway"], role_of_gateway)
        elif name == "cluster" and not names.labelled:
            columns["cluster_id"] = mine
        elif name in _EXTRA and name not in extra:
            extra[name] = mine
    return replace(rows, positions=unwrapped.positions.gather(rows.positions), extra=extra, names=columns)


def _map(values: pl.Series, change: Callable[[str], str]) -> pl.Series:
    table = {value: change(value) for value in values.unique() if value is not None}
    return values.replace_strict(table, default=None, return_dtype=pl.String) if table else values
