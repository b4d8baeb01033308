"""Markup: the templates and what makes their output safe: escaping, embedding, the policy of a page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import amounts, clocks, routing, wording
from reports.cases import find_proof, name_trigger, write_code
from reports.ground import EvidenceLine, Source
from reports.model import Phase
from reports.objectives import describe_measure, describe_objective, describe_subject

#: Longest text of a log that a table cell shows whole.
_LONGEST_CELL = 120
_NOTHING = "'none'"


@cache
def open_templates() -> Environment:
    """Return the templates with their filters; everything that is put into one is escaped and made visible."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        count=wording.write_count,
        counted=wording.write_counted,
        ms=wording.write_ms,
        seconds=wording.write_seconds,
        trigger=name_trigger,
        cut=lambda text, limit=_LONGEST_CELL: wording.shorten(str(text), limit),
        objective=describe_objective,
        subject=describe_subject,
        measure=describe_measure,
        stragglers=routing.describe_stragglers,
        returned=routing.describe_return,
        event_name=lambda text: str(text).replace("_", " "),
        file=lambda path: wording.shorten(str(path).rstrip("/").rsplit("/", 1)[-1], 60),
        marked=_mark_line,
        lines=_show_lines,
        embed=_embed_text,
    )
    environment.globals.update(
        share=wording.write_share,
        middle=wording.write_middle,
        half_width=wording.write_half_width,
        service=wording.write_service,
        gateway=wording.write_gateway,
        code=write_code,
        find_proof=find_proof,
        sum_others=lambda source: sum(count.count for count in source.others),
        phase_share=_write_phase_share,
        coverage_word=_write_coverage,
        unbreak=_allow_breaks,
        tabulate_costs=amounts.tabulate_costs,
        describe_baseline=amounts.describe_baseline,
        tabulate_losses=amounts.tabulate_losses,
        describe_savings=amounts.describe_savings,
        tabulate_budgets=amounts.tabulate_budgets,
        tabulate_spills=routing.tabulate_spills,
        spills_hint=routing.SPILLS_HINT,
        tabulate_clocks=clocks.tabulate_clocks,
        clocks_hint=clocks.CLOCKS_HINT,
    )
    return environment


def _finalize(value: Any) -> Any:
    """Make every piece of text that reaches the page visible: no control or bidi mark acts on a reader."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return wording.make_visible(value)
    return "-" if value is None else value


def _allow_breaks(text: str) -> Markup:
    """Let a long name break after its separators."""
    escaped = str(Markup.escape(wording.make_visible(text)))
    for separator in ("/", ".", "_", ":"):
        escaped = escaped.replace(separator, f"{separator}<wbr>")
    return Markup(escaped)  # noqa: S704 - escaped above


def _mark_line(line: EvidenceLine) -> Markup:
    """Return a log line with the fields that matter set off."""
    text = line.text or ""
    parts, at = [], 0
    for begin, end in line.marks:
        parts += [Markup.escape(text[at:begin]), Markup("<mark>"), Markup.escape(text[begin:end]), Markup("</mark>")]
        at = end
    return Markup("").join([*parts, Markup.escape(text[at:])])


def _show_lines(text: str) -> Markup:
    """Return text of several lines with its lines kept, and all else in it made visible."""
    return Markup("\n").join(Markup.escape(wording.make_visible(line)) for line in text.split("\n"))


def _write_phase_share(part: int, phase: Phase) -> str:
    return wording.write_share(part, phase.requests) if phase.requests else ""


def _write_coverage(source: Source) -> str:
    return {"errors_only": "errors only", "unknown": "too few to say"}.get(source.coverage, source.coverage)


def embed(value: Any) -> Markup:
    """Return a value as JSON that can stand inside a script element."""
    return _embed_text(json.dumps(value, sort_keys=True, separators=(",", ":")))


def _embed_text(text: str) -> Markup:
    """Return JSON that can stand inside a script element: it can neither end it nor begin another."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - no markup can be left in it


def write_policy(scripts: Sequence[str]) -> str:
    """Return a Content-Security-Policy that forbids the network and every script but the given ones."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts if s
    )
    return (
        f"default-src 'none'; script-src {hashes or _NOTHING}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def read_asset(name: str) -> str:
    """Return a file of ours that goes into a page as it is."""
    return resources.files("reports").joinpath("templates", name).read_text(encoding="utf-8")
