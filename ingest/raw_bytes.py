r"""Bytes that are not UTF-8 are spelled \xNN in text; inside JSON that spelling needs another backslash."""

from __future__ import annotations

import json
import re
from typing import Any

_SPELLED = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9a-f]{2})")


def repair_json(text: str) -> str | None:
    r"""Return JSON text in which \xNN can be read; None where there is none of it to repair."""
    if "\\x" not in text:
        return None
    repaired = _SPELLED.sub(r"\1\\\\x\2", text)
    return None if repaired == text else repaired


def load_json(text: str) -> Any:
    r"""Return the value that JSON text is, \xNN in its strings included. Raises ValueError or RecursionError."""
    try:
        return json.loads(text)
    except ValueError:
        repaired = repair_json(text)
        if repaired is None:
            raise
        return json.loads(repaired)


def to_encodable(text: str) -> str:
    """Return text without lone surrogates, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
