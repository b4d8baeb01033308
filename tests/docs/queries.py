"""SQL in the documentation, with what it answers.

A page that holds the line `<!-- answers: sample_logs/crash -->` has each of its ```sql blocks answered by the ```text
block behind it, out of one session over those logs.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import re
import tempfile
from functools import cache
from pathlib import Path

import ingest
from analysis import Session, open_session
from hopline.writers.grid import write_grid

HOME = Path(__file__).resolve().parents[2]
_LOGS = re.compile(r"^<!-- answers: (\S+) -->$", re.MULTILINE)
_ANSWERED = re.compile(r"^```sql\n(.*?)^```\n\n```text\n.*?^```$", re.MULTILINE | re.DOTALL)


def is_answered(text: str) -> bool:
    """Say whether a page has its SQL answered."""
    return _LOGS.search(text) is not None


def renew_answers(text: str) -> str:
    """Return the text of a page with the answer to each query as it is now."""
    logs = _LOGS.search(text)
    if logs is None:
        return text
    session = open_logs(logs[1])
    return _ANSWERED.sub(
        lambda match: f"```sql\n{match[1]}```\n\n```text\n{answer(session, match[1])}```",
        text,
    )


def answer(session: Session, query: str, most: int | None = None) -> str:
    """Return the rows of a query, the first of them where there are more than `most`, as `hopline sql` shows them."""
    shown = io.BytesIO()
    write_grid(session.sql(query).slice(0, most), shown)
    return "".join(f"{line.rstrip()}\n" for line in shown.getvalue().decode().splitlines())


@cache
def open_logs(name: str) -> Session:
    """Return a session over logs, named from the repository's root; it lasts until Python ends."""
    folder = tempfile.TemporaryDirectory()
    with contextlib.chdir(HOME):
        session = open_session(ingest.parse([name], folder=Path(folder.name), workers=1))
    atexit.register(folder.cleanup)
    atexit.register(session.close)
    return session
