"""Numbers, times and names as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reports.markdown import escape
from reports.windows import MOST_BINS, choose_grid
from reports.wording import (
    Clock,
    make_visible,
    shorten,
    write_bytes,
    write_middle,
    write_seconds,
    write_seconds_in_words,
    write_share,
    write_span,
)

AT = datetime(2026, 11, 23, 20, 54, 6, 214_300, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "short", "words"),
    [
        (0, "0 ms", "0 ms"),
        (0.1124, "112 ms", "112 ms"),
        (0.9999, "1.00 s", "1 second"),
        (1.04, "1.04 s", "1 second"),
        (23.04, "23.0 s", "23 seconds"),
        (389, "6 min 29 s", "6.5 minutes"),
        (3600, "1 h", "60 minutes"),
        (7500, "2 h 5 min", "2.1 hours"),
        (86_400 * 3 + 3600, "3 d 1 h", "3 days"),
    ],
)
def test_durations(seconds: float, short: str, words: str) -> None:
    assert write_seconds(seconds) == short
    assert write_seconds_in_words(seconds) == words


def test_sizes() -> None:
    sizes = (0, 999, 1000, 26_412_000, 999_600_000, 5 * 10**15)
    assert [write_bytes(n) for n in sizes] == ["0 B", "999 B", "1.0 kB", "26.4 MB", "1.0 GB", "5000 TB"]


def test_spans_and_middles() -> None:
    assert write_span(1.038, 1.042) == "1.04 s"
    assert write_span(0.103, 0.122) == "103 to 122 ms"
    assert write_span(0.998, 1.017) == "998 ms to 1.02 s"
    assert write_span(0, 2) == "at most 2.00 s"
    assert write_span(None, None) == "-"
    assert write_middle(0.103, 0.122) == "112 ms"
    assert write_middle(0.005, 0.025) == "5 to 25 ms"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0%"), (10, 10, "100%"), (112, 6000, "1.9%"), (1, 3, "33%"), (1, 100_000, "<0.01%"), (1, 0, "")],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert write_share(part, whole) == text


def test_a_shown_interval_covers_the_real_one() -> None:
    clock = Clock("UTC")
    assert clock.write_interval(AT, AT + timedelta(microseconds=1100)) == "20:54:06.214 \N{EN DASH} 20:54:06.216"
    assert clock.write_interval(None, AT) == "before 20:54:06.215"
    assert clock.write_interval(AT, None) == "after 20:54:06.214"
    assert clock.write_interval(AT, AT + timedelta(minutes=5)) == "20:54:06 \N{EN DASH} 20:59:07"
    assert Clock("Europe/Berlin", dated=True).say(AT) == "21:54:06.214 on 23 Nov"


def test_nothing_invisible_is_left() -> None:
    assert make_visible("a\x00\x1b[0m\u202e\u200b\u2028\ufeff\U000e0041") == (
        "a\\x00\\x1b[0m\\u202e\\u200b\\u2028\\ufeff\\U000e0041"
    )
    assert make_visible("grüße 日本 👍") == "grüße 日本 👍"
    assert make_visible("a\tb\u00a0c") == "a    b c"


def test_shortened_text_keeps_both_ends() -> None:
    short = shorten("begin" + "x" * 100 + "end", 20)
    assert len(short) == 20
    assert short.startswith("begin")
    assert short.endswith("end")


def test_markdown_stays_text() -> None:
    assert escape("a|b*c_[d](http://e) www.f <g> `h`") == (r"a\|b\*c\_\[d\](http\://e) www\.f \<g\> \`h\`")


@pytest.mark.parametrize(
    ("span_s", "requests", "width_s"),
    [
        (0.5, 50, 0.01),
        (60, 6000, 0.5),
        (48, 240, 1),
        (86_400, 10**7, 600),
        (86_400 * 3, 12_960, 1800),
        (86_400 * 800, 10**6, 86_400 * 4),
    ],
)
def test_bins_are_few_and_round(span_s: float, requests: int, width_s: float) -> None:
    grid = choose_grid(AT, AT + timedelta(seconds=span_s), requests)
    assert grid.width_us == width_s * 1_000_000
    assert grid.bins <= MOST_BINS
    assert grid.starts <= AT
    assert grid.ends >= AT + timedelta(seconds=span_s)


def test_bins_begin_where_the_log_begins() -> None:
    end = AT + timedelta(seconds=60)
    grid = choose_grid(AT - timedelta(seconds=0.2), end, 6000, (AT, end))
    assert grid.starts == AT
    assert grid.last == end
