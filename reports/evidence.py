"""Evidence: the log lines behind a report, read again and made safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from reports.ground import EvidenceLine
from reports.queries import load_query
from reports.redaction import Redaction
from reports.wording import make_visible

#: A line longer than this is cut in its middle: its head tells what was asked for, its tail who answered.
LONGEST_LINE = 2000
_HEAD = 1200
#: At most so many lines go into one report.
MOST_LINES = 2000

Place = tuple[str, int]


class LineReader(Protocol):
    """Gives back raw log lines."""

    def read_lines(self, wanted: Sequence[Place]) -> dict[Place, bytes]:
        """Return the raw bytes of each wanted (source, line) that can still be read."""


def collect_evidence(
    session: Any, places: Iterable[Place], redaction: Redaction | None = None
) -> tuple[EvidenceLine, ...]:
    """Return the lines at `places`, each once, by source and line; those past MOST_LINES are left out."""
    wanted = sorted(dict.fromkeys(list(places)[:MOST_LINES]))
    if not wanted:
        return ()
    try:
        raw = session.evidence.read_lines(wanted)
    except OSError:
        raw = {}
    fields = _read_entries(session, "evidence_fields", wanted)
    secrets = _read_entries(session, "evidence_secrets", wanted) if redaction else {}

    def hide(place: Place, text: str) -> str:
        return redaction.hide_line(text, secrets.get(place)) if redaction else text

    if redaction:  # what is to be marked reads otherwise now
        shown = ("details", "upstream_host")
        fields = {
            place: {**row, **{name: redaction.hide_text(row[name]) for name in shown if row[name] is not None}}
            for place, row in fields.items()
        }
    return tuple(make_line(place, raw.get(place), fields.get(place), hide) for place in wanted)


def hide_lines(session: Any, raw: Mapping[Place, bytes], redaction: Redaction) -> dict[Place, str]:
    """Return raw log lines by their place, made visible and without what is to be redacted."""
    secrets = _read_entries(session, "evidence_secrets", list(raw)) if raw else {}
    return {
        place: redaction.hide_line(make_visible(line.decode("utf-8", "backslashreplace")), secrets.get(place))
        for place, line in raw.items()
    }


def explain_missing(session: Any) -> tuple[str, ...]:
    """Return a sentence for each source whose lines could not be read again, after `collect_evidence`."""
    missing: Mapping[str, str] = getattr(session.evidence, "missing", {})
    return tuple(
        f"{source}: its lines cannot be shown: {reason}; check its figures against the log where you have it"
        for source, reason in sorted(missing.items())
    )


def _read_entries(session: Any, name: str, wanted: Sequence[Place]) -> dict[Place, Mapping[str, Any]]:
    given = {"sources": [source for source, _ in wanted], "lines": [line for _, line in wanted]}
    rows = session.sql(load_query(name).statement, given).to_pylist()
    return {(row["source"], row["line"]): row for row in rows}


def make_line(
    place: Place, raw: bytes | None, fields: Mapping[str, Any] | None, hide: Callable[[Place, str], str]
) -> EvidenceLine:
    """Return one line as it is shown; `hide` takes out what is to be redacted, before anything is cut."""
    if raw is None:
        return EvidenceLine(place[0], place[1], None, 0, ())
    text = hide(place, make_visible(raw.decode("utf-8", "backslashreplace")))
    left_out = max(0, len(text) - LONGEST_LINE)
    if left_out:
        text = f"{text[:_HEAD]} \N{HORIZONTAL ELLIPSIS} {text[len(text) - (LONGEST_LINE - _HEAD) :]}"
    return EvidenceLine(place[0], place[1], text, left_out, _find_marks(text, fields))


def _find_marks(text: str, fields: Mapping[str, Any] | None) -> tuple[tuple[int, int], ...]:
    """Return where the time, the status with its flags, what went wrong and the upstream stand in a line."""
    if fields is None:
        return ()
    tokens: list[str] = []
    if fields["start_time"] is not None:
        moment = fields["start_time"]
        tokens.append(f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z")
    code, flags = fields["response_code"], fields["response_flags"] or []
    tokens += [f" {code} {','.join(flags) or '-'} ", f'"response_code":{code}', f'"response_code": {code}']
    tokens += [f'"response_flags":"{",".join(flags)}"', f'"response_flags": "{",".join(flags)}"'] if flags else []
    if flags or (code is not None and code >= 400):
        tokens.append(fields["details"] or "")
    tokens.append(fields["upstream_host"] or "")
    found = []
    for token in tokens:
        begin = text.rfind(token) if token == fields["upstream_host"] else text.find(token)
        if token and begin >= 0:
            blank = len(token) - len(token.lstrip())
            found.append((begin + blank, begin + len(token.rstrip())))
    marks: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if not marks or begin >= marks[-1][1]:
            marks.append((begin, end))
    return tuple(marks)
