"""Redaction on the command line: `--redact query,ip,user_agent` and its key."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ingest.errors import UsageError

if TYPE_CHECKING:
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
