"""Redaction: what points at people is taken out of a report, before any of it is written.

Addresses and user agents become pseudonyms: the same everywhere, and not to be turned back without the key, because
they are keyed hashes (all of IPv4 can be tried in minutes against a hash without one). Query strings are taken out.
Where it is not sure that a line holds no more of it, the line is withheld: better a gap than a leak.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, cast

from reports.model import Figure, Finding, Report
from reports.wording import join_words, make_visible

#: Stands where a query stood.
NO_QUERY = "redacted"
#: Stands for a line that cannot be shown.
WITHHELD = "(withheld: what is to be redacted could not be told apart in this line)"
#: Letters of a pseudonym: enough that thousands of addresses stay apart.
_DIGITS = 10
#: A text shorter than this is replaced only between quotes: it may be part of anything.
_LEAST_BARE = 6
_LONGEST_ADDRESS = 64

_QUERY = re.compile(r'\?(?:\\[^"]|[^\s"\\])+')
#: 10.1.2.3, and 10-1-2-3 as host names have it.
_IPV4 = re.compile(r"(?<!\d)(\d{1,3})([.-])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?!\d)")
_IPV6_RUN = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_BRACKETS = re.compile(rf"\[(ip-[0-9a-f]{{{_DIGITS}}})\]")


class Secret(StrEnum):
    """What can be redacted."""

    QUERY = "query"
    IP = "ip"
    USER_AGENT = "user_agent"


@dataclass(frozen=True)
class Redaction:
    """What to take out, and the key of the pseudonyms: reports made with one key bear the same pseudonyms."""

    secrets: frozenset[Secret]
    key: bytes

    def hide_text(self, text: str) -> str:
        """Return a text of the report without addresses and queries."""
        if Secret.QUERY in self.secrets:
            text = _QUERY.sub(f"?{NO_QUERY}", text)
        return self.hide_addresses(text)

    def hide_addresses(self, text: str) -> str:
        """Return a text with a pseudonym for each IP address; ports stay."""
        if Secret.IP not in self.secrets:
            return text
        if text.count(":") > 1:
            text = _IPV6_RUN.sub(self._hide_run, text)
        text = _IPV4.sub(self._hide_ipv4, text)
        return _BRACKETS.sub(r"\1", text)

    def hide_field(self, name: str, text: str) -> str:
        """Return the value of a field or column as it may be shown; its name says what it holds: `user_agent`, `path`.

        A question mark begins a query in any text but a setting (`yaml`).
        """
        plain = name.lower().replace("-", "_")
        if plain.endswith("user_agent") and Secret.USER_AGENT in self.secrets:
            return self._name("agent", text) if text else text
        if plain.endswith("path") and Secret.QUERY in self.secrets and "?" in text:
            text = f"{text.partition('?')[0]}?{NO_QUERY}"
        return self.hide_addresses(text) if plain == "yaml" else self.hide_text(text)

    def hide_line(self, text: str, entry: Mapping[str, Any] | None) -> str:
        """Return a log line, made visible, without what is to be redacted; WITHHELD where that is not sure.

        `entry` holds `path` and `user_agents` of the line as they were read, None for a line of no access log.
        """
        for secret, stand_in in self._list_secrets(entry or {}):
            hidden = _replace_encoded(text, secret, stand_in)
            if hidden is None:
                return WITHHELD
            text = hidden
        return self.hide_text(text)

    def hide_report(self, report: Report) -> Report:
        """Return a report without what is to be redacted; its lines must have gone through `hide_line` before."""
        hidden = cast(Report, self._hide_value(report))
        return replace(hidden, hopline_version=report.hopline_version, time_zone=report.time_zone)

    def _list_secrets(self, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the texts of an entry that must go, the longest first, and what stands in for each."""
        found: dict[str, str] = {}
        path = entry.get("path")
        if Secret.QUERY in self.secrets and path is not None and "?" in path:
            found[path] = f"{path.partition('?')[0]}?{NO_QUERY}"
        if Secret.USER_AGENT in self.secrets:
            found |= {agent: self._name("agent", agent) for agent in entry.get("user_agents") or () if agent}
        yield from sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))

    def _hide_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.hide_text(value)
        if isinstance(value, tuple):
            return tuple(map(self._hide_value, value))
        if isinstance(value, Figure):  # a question mark in SQL begins no query
            return replace(value, sql=self.hide_addresses(value.sql))
        if isinstance(value, Finding):  # and none in a setting
            plain = {f.name: self._hide_value(getattr(value, f.name)) for f in fields(value) if f.name != "yaml"}
            return replace(value, **plain, yaml=self.hide_addresses(value.yaml) if value.yaml else value.yaml)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self._hide_value(getattr(value, f.name)) for f in fields(value)})
        return value

    def _hide_ipv4(self, match: re.Match[str]) -> str:
        octets = [int(match[n]) for n in (1, 3, 4, 5)]
        return self._name_address(ipaddress.ip_address(bytes(octets))) if max(octets) < 256 else match[0]

    def _hide_run(self, match: re.Match[str]) -> str:
        """Replace the IPv6 address in a run of its characters; there may be a colon before it and a port behind."""
        run, text = match[0], match.string
        if len(run) > _LONGEST_ADDRESS:
            return self._name("run", run)
        lead = ""
        if _is_word(text[match.start() - 1 : match.start()]):  # the end of a word, such as `id::`
            lead, colon, rest = run.partition(":")
            run = colon + rest
        for begin in (0, 1) if run.startswith(":") else (0,):
            for end in range(len(run), begin + 2, -1):
                address = _read_ipv6(run[begin:end])
                inside = end < len(run) and run[end] not in ".:"
                cast = end == len(run) and _is_word(text[match.end() : match.end() + 1])
                if address is not None and not inside and not cast:
                    return f"{lead}{run[:begin]}{self._name_address(address)}{run[end:]}"
        return match[0]

    def _name_address(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        mapped = getattr(address, "ipv4_mapped", None)
        return self._name("ip", str(mapped or address))

    def _name(self, kind: str, text: str) -> str:
        message = f"{kind}:{text}".encode("utf-8", "backslashreplace")
        return f"{kind}-{hmac.new(self.key, message, 'sha256').hexdigest()[:_DIGITS]}"


def make_redaction(what: Iterable[Secret], key: str | None = None) -> Redaction:
    """Return the redaction of `what`; without a key, pseudonyms are of this report alone: the key is made and lost."""
    return Redaction(frozenset(what), key.encode() if key is not None else secrets.token_bytes(32))


def describe_redaction(redacted: Sequence[str]) -> str:
    """Return what was taken out of a report, as a sentence; empty where nothing was."""
    if not redacted:
        return ""
    told = {
        "ip": "IP addresses are pseudonyms (the same all over this report)",
        "query": "query strings are taken out",
        "user_agent": "user agents are pseudonyms",
    }
    return f"Redacted: {join_words([told.get(name, name) for name in redacted])}."


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _read_ipv6(text: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(text) if text.strip(":") else None
    except ValueError:
        return None


def _replace_encoded(text: str, secret: str, stand_in: str) -> str | None:
    """Replace a value in a line, however the line encodes it; None where it is not found."""
    forms = {secret}
    for _ in range(2):  # JSON, and JSON within JSON as container runtimes write it
        forms |= {json.dumps(form, ensure_ascii=ascii_)[1:-1] for form in forms for ascii_ in (True, False)}
    found = False
    for form in sorted(map(make_visible, forms), key=lambda form: (-len(form), form)):
        quoted = (f'\\"{form}\\"', f'"{form}"')
        for old in (form,) if len(form) >= _LEAST_BARE or "?" in form else quoted:
            if old in text:
                text, found = text.replace(old, old.replace(form, stand_in)), True
    return text if found else None
