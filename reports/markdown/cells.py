"""Cells: text of logs, names and tables as Markdown that shows what it holds and does nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reports.model import Failover
from reports.sentences import PLAIN, Sentence
from reports.tables import Table
from reports.wording import make_visible, shorten, write_gateway, write_service

_LONGEST_CELL = 120
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#!])")


def escape(text: str, limit: int = _LONGEST_CELL) -> str:
    """Return text of a log so that it stands in a Markdown cell as what it is."""
    plain = shorten(make_visible(text), limit)
    plain = _SPECIAL.sub(r"\\\1", plain)
    # Some renderers make links out of bare addresses.
    return re.sub(r"(?i)\b(https?|ftp):|\b(www)\.", lambda m: f"{m[0][:-1]}\\{m[0][-1]}", plain)


def write_sentences(sentences: Sequence[Sentence]) -> str:
    """Return sentences with what is set off in bold."""

    def write(text: str, role: str) -> str:
        plain = escape(text, 600)
        if role == PLAIN or not text.strip():
            return plain
        return f"**{plain}**"

    return " ".join("".join(write(run.text, run.role) for run in sentence) for sentence in sentences)


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Yield the lines of a table of safe cells, and an empty line; columns in `right` hold numbers."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' if n in right else '---' for n in range(len(head)))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def write_plain(table: Table) -> Iterator[str]:
    """Yield the lines of a table, its cells made safe."""
    rows = [[escape(cell, 300) for cell in row] for row in table.rows]
    yield from write_table([escape(name) for name in table.head], rows, table.right)


def name_failover(failover: Failover) -> str:
    """Return the number of a failover with its service and proxy."""
    service = write_service(failover.service, failover.service_port, failover.subset)
    return escape(
        f"{failover.failover_id} {service} at {write_gateway(failover.cluster_id, failover.gateway, failover.proxy)}"
    )


def cut_path(path: str) -> str:
    """Return the name of a file without its folders."""
    return path.rsplit("/", 1)[-1]
