"""Redaction on the command line: `--redact query,ip,user_agent` and its key, for tables, drawings and log lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopline.console import say
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    import analysis
    from hopline.asking import Asking
    from hopline.configuration import Configuration
    from reports import Redaction

#: What can be redacted, as `reports.Secret` has it; that is not imported here, so that `--help` stays instant.
KINDS = ("query", "ip", "user_agent")
_LEAST_KEY = 16


def parse_redaction(text: str | None, key: str | None) -> tuple[str, ...]:
    """Return the kinds in `query,ip,user_agent`; raises UsageError for another kind, or a key that can be guessed."""
    if text is None:
        return ()
    kinds = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise UsageError(f"--redact {text!r} is not a list of {', '.join(KINDS)}", hint=f"--redact {','.join(KINDS)}")
    if key is not None and len(key) < _LEAST_KEY:
        raise UsageError(
            f"--redact-key: {len(key)} characters can be guessed, expected {_LEAST_KEY} or more",
            hint="openssl rand -hex 16 makes one; without a key, each run makes its own and forgets it",
        )
    return kinds


def make_redaction(kinds: Collection[str], key: str | None) -> Redaction:
    """Return the redaction of `kinds` under `key`, or under a random one."""
    import reports

    return reports.make_redaction(map(reports.Secret, kinds), key)


def choose_redaction(told: Configuration, text: str | None, key: str | None) -> Redaction | None:
    """Return the redaction that `--redact` asks for, or else hopline.toml; None where neither does.

    Raises UsageError for a list or a key that is none.
    """
    kinds = parse_redaction(text, key) or parse_redaction(",".join(told.redact) or None, key)
    return make_redaction(kinds, key) if kinds else None


def say_unredacted(told: Configuration, what: str) -> None:
    """Say on standard error that `what` shows everything, where hopline.toml asks for redaction."""
    if told.redact:
        say(f"{told.path} asks to redact {', '.join(told.redact)}, but {what}: nothing is redacted here")


def redact_session(session: Asking, redaction: Redaction | None) -> Asking:
    """Return the session, its answers redacted where that is asked for.

    What it answers is for eyes and files only: a pseudonym that is asked about again finds nothing.
    """
    return session if redaction is None else RedactedSession(session, redaction)


@dataclass(frozen=True)
class RedactedSession:
    """A session all of whose answers are redacted."""

    session: Asking
    redaction: Redaction

    @property
    def options(self) -> analysis.Options:
        """The rules by which failovers are read out of the logs."""
        return self.session.options

    def sql(self, query: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return the rows of a SELECT, redacted; raises QueryError."""
        return redact_table(self.session.sql(query, params), self.redaction)


def redact_table(table: pa.Table, redaction: Redaction) -> pa.Table:
    """Return the table with every text in it redacted, in lists, structs and maps as well."""
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        if not _holds_text(field.type):
            continue
        values = [_hide(field.name, value, redaction) for value in table.column(index).to_pylist()]
        table = table.set_column(index, field, pa.chunked_array([pa.array(values, field.type)]))
    return table


def _holds_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_nested(kind):
        return any(_holds_text(kind.field(n).type) for n in range(kind.num_fields))
    return not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_temporal(kind)
    )


def _hide(name: str, value: Any, redaction: Redaction) -> Any:
    match value:
        case str():
            return redaction.hide_field(name, value)
        case (str() as key, str() as item):  # of a map, such as `extra`
            return key, redaction.hide_field(key, item)
        case list() | tuple():
            return type(value)(_hide(name, item, redaction) for item in value)
        case dict():
            return {key: _hide(key, item, redaction) for key, item in value.items()}
    return value
