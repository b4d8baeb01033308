"""What can be completed, and what fits where: relations behind FROM, else the columns of those that are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

_WORD = re.compile(r"[.\w]*$")
_AFTER_FROM = re.compile(r"\b(?:from|join)\s+[\w.\"]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Word:
    """One word that can stand at the cursor, and what it is."""

    text: str
    kind: str


def complete(before: str, functions: Iterable[str], commands: Iterable[str]) -> Iterator[Word]:
    """Yield the words that can stand at the end of the text `before`, the likeliest first, each once."""
    match = _WORD.search(before)
    begun = match[0].lower() if match else ""
    seen: set[str] = set()
    for word in _candidates(before, functions, commands):
        if word.text.lower().startswith(begun) and word.text.lower() != begun and word.text not in seen:
            seen.add(word.text)
            yield word


def find_begun(before: str) -> str:
    """Return the word that the cursor stands behind."""
    match = _WORD.search(before)
    return match[0] if match else ""


def _candidates(before: str, functions: Iterable[str], commands: Iterable[str]) -> Iterator[Word]:
    from analysis.catalog import mentioned, public_relations

    public = [relation for relation in public_relations() if not relation.internal]
    relations = [
        Word(f"{relation.call}(" if relation.kind == "macro" else relation.name, relation.kind) for relation in public
    ]
    if before.lstrip().startswith("."):
        if " " in before.lstrip():
            yield from (Word(relation.name, relation.kind) for relation in public)
        else:
            yield from (Word(command, "command") for command in commands)
        return
    if _AFTER_FROM.search(before):
        yield from relations
        return
    used = mentioned(before)
    for relation in (relation for relation in public if relation.name in used or not used):
        yield from (Word(column.name, f"column of {relation.name}") for column in relation.columns)
    yield from relations
    yield from (Word(name, "function") for name in functions)


@cache
def list_functions() -> tuple[str, ...]:
    """Return the functions that DuckDB has, as calls: `count(`."""
    import duckdb

    query = (
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name SIMILAR TO '[a-z]\\w*' ORDER BY 1"
    )
    with duckdb.connect() as connection:
        return tuple(f"{name}(" for (name,) in connection.execute(query).fetchall())


def list_commands(commands: Mapping[str, str]) -> tuple[str, ...]:
    """Return the first words of the commands."""
    return tuple(command.partition(" ")[0] for command in commands)
