"""Lines changed at random: bytes, fields, tokens that mean something, envelopes, other lines' pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random

#: Tokens that mean something to a reader of logs.
TOKENS: tuple[bytes, ...] = (
    *(
        b'"',
        b'" "',
        b'""',
        b"\\",
        b'\\"',
        b" ",
        b"  ",
        b"-",
        b'"-"',
        b"\t",
        b"\r",
        b"\x00",
        b"\x0b",
        b"\x0c",
        b"\x1b[0m",
    ),
    *(
        b"\x85",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"caf\xc3\xa9",
        b"\xf0\x9f\x98\x80",
    ),
    *(b"{", b"}", b"[", b"]", b"[]", b"{}", b"{{", b":", b",", b"|", b";", b"=", b"%", b"%%", b"<", b">", b"'"),
    *(b"null", b"true", b"NaN", b"Infinity", b"1e400", b"-1", b"0", b"00", b"1.5", b"200", b"99999", b"-0"),
    *(b"2147483648", b"-2147483649", b"9223372036854775807", b"9223372036854775808", b"9" * 40, b"0" * 4300 + b"1"),
    *(b"9999-12-31T23:59:59.999Z", b"0001-01-01T00:00:00.000Z", b"1970-01-01T00:00:00Z", b"2026-02-30T10:00:00.000Z"),
    *(b"2026-03-01T24:00:00.000Z", b"2026-03-01T23:59:60.999Z", b"0001-01-01T00:00:00+23:59", b"1700000000.123"),
    *(b"\\ud800", b"\\u0000", b"\\ud83d\\ude00", b"\\udfff\\ud800", b"\\x", b"[pod/a/b] ", b"stdout F ", b"stderr P "),
    *(
        b"HTTP/1.1",
        b'HTTP/2"',
        b"UF,URX",
        b"uf",
        b"via_upstream",
        b"outbound|80||a.b",
        b"outbound_.80_._.a.b",
        b"inbound|80||",
    ),
    *(b"envoy://connect_originate/10.0.0.1:80", b"[::1]:80", b"unix:///x", b"@", b"10.0.0.1:99999999999", b"*.*"),
    *(b'"log":"', b'"message":"', b'"action":"eject"', b'"upstream_url":"', b'"start_time":"', b'"response_code":'),
    *(
        b"ACCESS [",
        b"access\tconnection complete",
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"BZh9",
        b"\xfd7zXZ\x00",
        b"PK\x03\x04",
    ),
    *(b'{"a":' * 60, b"[" * 2000, b'{"a":' * 3000, b"A" * 5000, b'" "' * 300, b" " * 3000, b'"' * 501),
)
_WORD = re.compile(rb'[^ "\t,:{}\[\]|]+')
_TIME = b"2026-03-01T10:00:00.225678901Z"


class Mutator:
    """Makes hostile lines out of `lines`; the same random state makes the same lines."""

    def __init__(self, random: Random, lines: Sequence[bytes]) -> None:
        self._random = random
        self._lines = lines
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._flip,
            self._flip,
            self._insert,
            self._insert,
            self._insert,
            self._replace_word,
            self._replace_word,
            self._replace_word,
            self._cut,
            self._drop,
            self._repeat,
            self._splice,
            self._swap_words,
            self._forge,
            self._wrap,
            self._change_json,
        )

    def mutate(self, line: bytes) -> bytes:
        """Return the line changed in one to four ways; it may hold newlines."""
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 4))):
            line = self._random.choice(self._ways)(line)
        return line

    def any_line(self) -> bytes:
        """Return one of the lines as it is."""
        return self._random.choice(self._lines)

    def flip_bytes(self, data: bytes, count: int) -> bytes:
        """Return data of the same length with `count` bytes changed."""
        changed = bytearray(data)
        for _ in range(count if changed else 0):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)

    def _place(self, line: bytes) -> int:
        return self._random.randrange(len(line) + 1)

    def _token(self) -> bytes:
        return self._random.choice(TOKENS)

    def _flip(self, line: bytes) -> bytes:
        return self.flip_bytes(line, self._random.randrange(1, 4))

    def _insert(self, line: bytes) -> bytes:
        place = self._random.choice((self._place(line), 0, len(line)))
        return line[:place] + self._token() + line[place:]

    def _replace_word(self, line: bytes) -> bytes:
        words = list(_WORD.finditer(line))
        if not words:
            return self._token()
        word = self._random.choice(words)
        return line[: word.start()] + self._token() + line[word.end() :]

    def _cut(self, line: bytes) -> bytes:
        place = self._place(line)
        return line[:place] if self._random.random() < 0.6 else line[place:]

    def _drop(self, line: bytes) -> bytes:
        a, b = sorted((self._place(line), self._place(line)))
        return line[:a] + line[b:] if b - a < 200 else line[:a] + line[a + 1 :]

    def _repeat(self, line: bytes) -> bytes:
        a, b = sorted((self._place(line), self._place(line)))
        return line[:b] + line[a:b] * self._random.choice((1, 1, 2, 30)) + line[b:]

    def _splice(self, line: bytes) -> bytes:
        other = self.any_line()
        return line[: self._place(line)] + other[self._place(other) :]

    def _swap_words(self, line: bytes) -> bytes:
        words = list(_WORD.finditer(line))
        if len(words) < 2:
            return line
        a, b = sorted(self._random.sample(words, 2), key=lambda word: word.start())
        return line[: a.start()] + b[0] + line[a.end() : b.start()] + a[0] + line[b.end() :]

    def _forge(self, line: bytes) -> bytes:
        """Put the tail, or the whole, of a line into a word of another."""
        other = self.any_line()
        words = list(_WORD.finditer(line))
        place = self._random.choice(words).end() if words else 0
        return line[:place] + other[self._random.choice((0, self._place(other))) :] + line[place:]

    def _wrap(self, line: bytes) -> bytes:
        text = line.decode("utf-8", "replace")
        return self._random.choice(
            (
                _TIME + b" stdout F " + line,
                _TIME + b" stdout P " + line,
                b"[pod/a-b-c/istio-proxy] " + line,
                b"envoy-1  | " + line,
                b"<14>Mar  1 10:00:00 node-1 envoy[12]: " + line,
                _TIME + b" " + line,
                json.dumps({"log": text + self._random.choice(("\n", "")), "stream": "stdout", "time": "x"}).encode(),
                json.dumps({"message": text, "kubernetes": {"pod": {"name": "p"}}}).encode(),
                json.dumps({"message": {"message": text}}).encode(),
                json.dumps({"textPayload": text, "logtag": "P"}).encode(),
            )
        )

    def _change_json(self, line: bytes) -> bytes:
        """Give one key of a JSON object a value of another type, another name, or a twin."""
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return self._replace_word(line)
        if not isinstance(entry, dict) or not entry:
            return self._insert(line)
        key = self._random.choice(list(entry))
        odd = self._random.choice(
            (
                None,
                True,
                0,
                -1,
                1.5,
                1e300,
                2**63,
                2**70,
                "",
                "-",
                "\ud800",
                "\x00",
                [],
                [1, "x"],
                {},
                {"a": {"b": None}},
                "x" * 500,
            )
        )
        way = self._random.randrange(4)
        if way == 0:
            entry[self._random.choice((key.upper(), "", "\ud800", "log", "message", "extra", key + "."))] = odd
        elif way == 1:
            del entry[key]
        else:
            entry[key] = odd
        text = json.dumps(entry, ensure_ascii=self._random.random() < 0.5)
        if way == 3:
            text = text[:-1] + f', {json.dumps(key)}: "twice"}}'
        return text.encode("utf-8", "surrogatepass")
