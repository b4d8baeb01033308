"""Numbers, times and names as people read them: one module, so that every page writes them alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

#: An interval wider than this many seconds is shown to the second, a narrower one to the millisecond.
_FINE_S = 10.0
#: Names of our own, as strftime's depend on the locale of the machine.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MINUS = "\N{MINUS SIGN}"
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def write_count(number: int) -> str:
    """Return an integer with commas: `2,405`."""
    return f"{number:,}"


def write_number_word(number: int) -> str:
    """Return `no`, `one` to `nine` in letters, anything else in digits."""
    return _SMALL[number] if 0 <= number < len(_SMALL) else write_count(number)


def write_capital(text: str) -> str:
    """Return text with its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def write_counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 request`, `2,405 requests`."""
    return f"{write_count(number)} {noun if number == 1 else plural or noun + 's'}"


def write_share(part: int, whole: int) -> str:
    """Return a percentage with two digits that matter: `1.9%`, `0.04%`, `<0.01%`; empty where there is no whole."""
    if whole <= 0:
        return ""
    percent = 100 * part / whole
    if part in (0, whole):
        return f"{percent:.0f}%"
    if percent < 0.01:
        return "<0.01%"
    if percent > 99.99:
        return ">99.99%"
    if percent < 1:
        return f"{percent:.2f}%"
    return f"{percent:.1f}%" if percent < 10 or percent > 99 else f"{percent:.0f}%"


def write_ms(ms: float | None) -> str:
    """Return a latency: `5.5 ms`, `16 ms`, `1.94 s`; `-` where there is none."""
    if ms is None:
        return "-"
    if ms >= 1000:
        return write_seconds(ms / 1000)
    return f"{ms:.1f} ms" if ms < 10 and ms != round(ms) else f"{ms:.0f} ms"


def write_number(number: float) -> str:
    """Return a number with as many digits as it needs: 99.95 must not become 100."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def write_signed(number: float, write: Callable[[float], str], least: float) -> str:
    """Return a difference as `write` has it, with its sign: `+45 ms`; `0` where it is less than `least` either way."""
    if abs(number) < least:
        return "0"
    return f"{'+' if number > 0 else MINUS}{write(abs(number))}"


def write_bytes(number: int) -> str:
    """Return a size in decimal units: `512 B`, `26.4 MB`."""
    size = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit ends the loop")


def write_seconds(seconds: float) -> str:
    """Return a duration in the unit that reads best: `112 ms`, `1.04 s`, `23.0 s`, `6 min 29 s`, `2 h 5 min`, `3 d`."""
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return _join_units(whole // 60, "min", whole % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return _join_units(minutes // 60, "h", minutes % 60, "min")
    hours = round(seconds / 3600)
    return _join_units(hours // 24, "d", hours % 24, "h")


def write_seconds_in_words(seconds: float) -> str:
    """Return a duration for a sentence, rounded: `23 seconds`, `6 minutes`, `3.2 hours`, `2 days`."""
    if round(seconds * 1000) < 1000:
        return write_seconds(seconds)
    for size, noun in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= 2 * size:
            number = seconds / size
            text = f"{number:.1f}" if number < 10 else f"{number:.0f}"
            return f"{text.removesuffix('.0')} {noun}s"
    text = f"{seconds:.1f}".removesuffix(".0") if seconds < 10 else f"{seconds:.0f}"
    return f"{text} second{'' if text == '1' else 's'}"


def write_span(least_s: float | None, greatest_s: float | None) -> str:
    """Return a duration that lies between two: `1.04 s`, `103 to 122 ms`, `at most 2.00 s`; `-` where unknown."""
    if least_s is None and greatest_s is None:
        return "-"
    if greatest_s is None:
        return f"at least {write_seconds(least_s or 0.0)}"
    if least_s is None or (least_s == 0 and greatest_s > 0):
        return f"at most {write_seconds(greatest_s)}"
    least, greatest = write_seconds(least_s), write_seconds(greatest_s)
    if least == greatest:
        return least
    number, _, unit = least.partition(" ")
    if greatest.partition(" ")[2] == unit:
        return f"{number} to {greatest}"
    return f"{least} to {greatest}"


def write_middle(least_s: float | None, greatest_s: float | None) -> str:
    """Return one number for a duration between two: its middle where they are close, else the span."""
    if least_s is None or greatest_s is None:
        return write_span(least_s, greatest_s)
    middle = (least_s + greatest_s) / 2
    if middle > 0 and greatest_s - least_s <= 0.5 * middle:
        return write_seconds(middle)
    return write_span(least_s, greatest_s)


def write_half_width(earliest: datetime | None, latest: datetime | None) -> str:
    """Return how sure an instant is: `± 5 ms`; empty where one end is not known."""
    if earliest is None or latest is None:
        return ""
    half = (latest - earliest) / 2
    if half < timedelta(seconds=1):
        return f"± {-(-half // timedelta(milliseconds=1))} ms"
    return f"± {write_seconds(half.total_seconds())}"


class Clock:
    """Writes instants in one time zone; with `dated`, each with its day, for stories that pass midnight."""

    def __init__(self, zone_name: str, *, dated: bool = False) -> None:
        self.zone_name = zone_name
        self.zone: tzinfo = UTC if zone_name == "UTC" else ZoneInfo(zone_name)
        self.dated = dated

    def local(self, moment: datetime) -> datetime:
        """Return the moment in this zone."""
        return moment.astimezone(self.zone)

    def write(self, moment: datetime, *, fine: bool = True, up: bool = False) -> str:
        """Return `20:54:06.214`, or to the second where not `fine`; rounded down, or `up`."""
        step = timedelta(milliseconds=1) if fine else timedelta(seconds=1)
        over = timedelta(microseconds=moment.microsecond) % step
        moment = moment - over + (step if up and over else timedelta())
        local = self.local(moment)
        text = local.strftime("%H:%M:%S") + (f".{local.microsecond // 1000:03}" if fine else "")
        return f"{local.day} {_MONTHS[local.month - 1][:3]} {text}" if self.dated else text

    def say(self, moment: datetime, *, fine: bool = True, up: bool = False) -> str:
        """Return an instant for a sentence: `20:54:06.214`, or `20:54:06.214 on 24 Nov` where dated."""
        text = self.write(moment, fine=fine, up=up)
        day, month, clock = text.split(" ") if self.dated else ("", "", text)
        return f"{clock} on {day} {month}" if self.dated else clock

    def write_interval(self, earliest: datetime | None, latest: datetime | None) -> str:
        """Return `20:54:06.212 - 20:54:06.214` (with an en dash); the interval shown covers the real one."""
        if earliest is None:
            return f"before {self.write(latest, up=True)}" if latest is not None else "-"
        if latest is None:
            return f"after {self.write(earliest)}"
        fine = (latest - earliest).total_seconds() < _FINE_S
        first, last = self.write(earliest, fine=fine), self.write(latest, fine=fine, up=True)
        return first if first == last else f"{first} \N{EN DASH} {last}"

    def write_date(self, moment: datetime) -> str:
        """Return `23 November 2026`."""
        local = self.local(moment)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def write_full(self, moment: datetime, *, fine: bool = False) -> str:
        """Return `23 November 2026, 20:54:06`."""
        return f"{self.write_date(moment)}, {Clock(self.zone_name).write(moment, fine=fine)}"

    def write_sorted(self, moment: datetime, *, up: bool = False) -> str:
        """Return `2026-11-23 20:54:06`, which sorts as it reads; rounded down, or `up`."""
        over = timedelta(microseconds=moment.microsecond)
        local = self.local(moment - over + (timedelta(seconds=1) if up and over else timedelta()))
        return f"{local:%Y-%m-%d %H:%M:%S}"

    def same_day(self, first: datetime, last: datetime) -> bool:
        """Say whether two moments fall on one day of this zone."""
        return self.local(first).date() == self.local(last).date()


def make_visible(text: str) -> str:
    """Return text in which nothing acts: controls, bidi marks and other invisible characters as `\\xNN` or `\\uNNNN`.

    Tabs become spaces, as they carry no meaning on a page.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_show(character) for character in text)


def _show(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return "    "
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, limit: int = 80) -> str:
    """Return text of at most `limit` characters, its middle left out."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (limit - 1 - head) :]}"


def join_words(words: list[str] | tuple[str, ...], conjunction: str = "and") -> str:
    """Return `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def write_service(service: str | None, port: int | None, subset: str | None = None) -> str:
    """Return `frontend.mycompany.mesh:80 (subset v1)`."""
    name = service or "unknown service"
    if port is not None:
        name = f"{name}:{port}"
    return f"{name} (subset {subset})" if subset else name


def write_gateway(cluster_id: str | None, gateway: str | None, proxy: str | None = None) -> str:
    """Return `cluster1/ingress/ingress-1` as far as the parts are known."""
    return "/".join(part for part in (cluster_id, gateway, proxy) if part) or "unnamed proxy"


def _join_units(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
