"""A place in a stream of JSON text: values are read one at a time, so that the whole need not be held."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

#: Characters that one value may have; a larger one is refused.
MAX_VALUE = 64 << 20
#: An error so close to the end of what is held may only mean that the rest is not read yet.
_NEAR_END = 64

_SPACE = " \t\r\n"
_NOT_SPACE = re.compile(r"[^ \t\r\n]")
#: Where values begin again after a broken one.
_NEXT_VALUE = re.compile(r"[}\]]\s*,?\s*(?=[{\[])|\n(?=[{\[])")

_decode = json.JSONDecoder().raw_decode


class BrokenJsonError(Exception):
    """The text at the cursor is no JSON value; the cursor stands at its beginning."""


class EndedJsonError(BrokenJsonError):
    """The text ends in the middle of a value."""


class OverlongJsonError(Exception):
    """A value is longer than MAX_VALUE."""


def decode_chunks(chunks: Iterable[bytes]) -> Iterator[str]:
    """Decode UTF-8 chunk by chunk; bytes that are none become surrogates, and can be encoded back."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    first = True
    for chunk in chunks:
        text = decoder.decode(chunk)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield text
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest


class JsonCursor:
    """Reads JSON values from chunks of text. Memory: one value and one chunk."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        self._at = 0
        self._ended = False
        #: Where text must be kept from, for `cut`.
        self._kept: int | None = None

    def peek(self) -> str:
        """Return the next character that is no space, without taking it; an empty string at the end."""
        while True:
            found = _NOT_SPACE.search(self._text, self._at)
            if found:
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if not self._more():
                return ""

    def take(self) -> None:
        """Take one character."""
        self._at += 1

    def keep(self) -> None:
        """Keep the text from here on, until `cut` or `release`."""
        self._kept = self._at

    def release(self) -> None:
        """Keep no more text than is needed."""
        self._kept = None

    def back(self) -> None:
        """Go back to where text is kept from."""
        assert self._kept is not None  # noqa: S101  # only between keep and release
        self._at = self._kept

    def cut(self) -> str | None:
        """Return the text since `keep`; None where it is not kept."""
        text = None if self._kept is None else self._text[self._kept : self._at]
        self._kept = None
        return text

    def read_if_held(self) -> Any:
        """Return the next value where the text held has all of it, and take it; else None."""
        self.peek()
        if len(self._text) - self._at < 4096:
            self._more()
        try:
            value, end = _decode(self._text, self._at)
        except (ValueError, RecursionError):
            return None
        if end == len(self._text) and not self._ended:
            return None
        self._at = end
        return value

    def read(self) -> tuple[str, Any]:
        """Take the next value and return its text and itself.

        Raises BrokenJsonError where there is none, OverlongJsonError where it is too long.
        """
        self.peek()
        while True:
            try:
                value, end = _decode(self._text, self._at)
                if end < len(self._text) or not self._more():
                    text = self._text[self._at : end]
                    self._at = end
                    return text, value
            except json.JSONDecodeError as error:
                near = error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _NEAR_END
                if not near:
                    raise BrokenJsonError(error.msg) from error
                if not self._more():
                    raise EndedJsonError(error.msg) from error
            except RecursionError as error:
                raise BrokenJsonError("nested too deeply") from error
            if len(self._text) - self._at > MAX_VALUE:
                raise OverlongJsonError

    def look_inside(self) -> Any:
        """Return the first element of the array at the cursor without taking it; None where there is none."""
        own = self._kept is None
        start = self._at if self._kept is None else self._kept
        self._kept, passed = start, self._at - start
        try:
            self.take()
            return None if self.peek() in ("]", "") else self.read()[1]
        except BrokenJsonError:
            return None
        finally:
            self._at = (self._kept or 0) + passed
            if own:
                self._kept = None

    def read_key(self) -> str:
        """Take a key and its colon."""
        if self.peek() != '"':
            raise self._broken("a key is expected")
        key = self.read()[1]
        if self.peek() != ":":
            raise self._broken("a colon is expected")
        self.take()
        self.peek()
        return str(key)

    def _broken(self, reason: str) -> BrokenJsonError:
        return BrokenJsonError(reason) if self.peek() else EndedJsonError(reason)

    def skip_broken(self, most: int) -> str:
        """Go to where values may begin again, and return the text before, cut at `most` characters."""
        if self._kept is not None:
            self._at = self._kept
        self._kept, passed = None, ""
        while True:
            found = _NEXT_VALUE.search(self._text, self._at)
            # What is near the end may be the first half of such a place.
            stop = found.end() if found else max(self._at, len(self._text) - _NEAR_END)
            passed += self._text[self._at : stop][: max(most - len(passed), 0)]
            self._at = stop
            if found:
                return passed
            if not self._more():
                passed += self._text[self._at :][: max(most - len(passed), 0)]
                self._at = len(self._text)
                return passed

    def read_line(self, most: int) -> str:
        """Take the rest of the line, and return it cut at `most` characters."""
        line = ""
        while True:
            stop = self._text.find("\n", self._at)
            line += self._text[self._at : stop if stop >= 0 else None][: max(most - len(line), 0)]
            self._at = stop + 1 if stop >= 0 else len(self._text)
            if stop >= 0 or not self._more():
                return line

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            return False
        start = self._at if self._kept is None else self._kept
        self._text = self._text[start:] + chunk
        self._at -= start
        if self._kept is not None:
            self._kept = 0
            if len(self._text) > MAX_VALUE:
                raise OverlongJsonError
        return True
