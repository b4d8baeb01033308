"""What to try next when DuckDB refuses a query: the nearest name in the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from analysis.catalog import load_catalog, mentioned, public_relations

_NO_COLUMN = re.compile(
    r'Referenced column "(?P<loose>[^"]+)" not found|does not have a column named "(?P<bound>[^"]+)"'
)
#: What DuckDB says of COLUMNS(lambda name: name = column_name) where there is no such column.
_NO_CHOICE = re.compile(r"Star expression .*= '(?P<name>(?:[^']|'')*)'\).*resulted in an empty set of columns")
_NO_RELATION = re.compile(
    r'(?:Table|Table Function|Referenced table)(?: with name)? "?(?P<name>[\w.]+)"? (?:does not exist|not found)'
)
#: How DuckDB complains about a Parquet file that is not as it was written.
_DAMAGE = re.compile(r"\.parquet|TProtocol|ZSTD Decompression|Parquet file|corrupt", re.IGNORECASE)
#: What DuckDB itself proposes for an unknown relation: it knows only those that were built already.
_ITS_GUESS = re.compile(r'\nDid you mean "[^"\n]*"\?')

_MORE_MEMORY = "HOPLINE_MEMORY=8GB lets queries take so much; --since, --until and --service narrow them down."


def explain_failure(message: str, query: str) -> tuple[str, str | None]:
    """Return DuckDB's message about a query, fit to show, and a hint where there is one."""
    if missing := _NO_RELATION.search(message):
        return _ITS_GUESS.sub("", message), _hint_at_relation(missing["name"])
    if missing := _NO_COLUMN.search(message):
        return message, _hint_at_column(missing["loose"] or missing["bound"], query)
    if missing := _NO_CHOICE.search(message):
        name = missing["name"].replace("''", "'")
        return f"there is no column {name!r} to group by", _hint_at_column(name, query)
    if message.startswith("Out of Memory"):
        return message, _MORE_MEMORY
    return message, _hint_in_words(message, query)


def _hint_in_words(message: str, query: str) -> str | None:
    if 'syntax error at or near "("' in message and re.search(r"\bbetween\s*\(", query, re.IGNORECASE):
        return 'between is a word of SQL: write "between"(since, until), in quotes.'
    if "does not support the supplied arguments" in message:
        return _hint_at_macro(query)
    if "add explicit type casts" in message and "STRING_LITERAL" in message:
        return "A parameter is text: write $name::DOUBLE, or whatever it should be."
    if "Permission" in message or "disabled by configuration" in message:
        return "Queries read only the logs given to hopline."
    if _DAMAGE.search(message):
        return "A file of the store is damaged: hopline store verify says which, and what to do."
    return None


def _hint_at_relation(name: str) -> str:
    known = {relation.name: relation for relation in public_relations() if not relation.internal}
    bare = name.rpartition(".")[2]
    if bare in known and known[bare].kind == "macro":
        return f"{bare} is a macro: FROM {known[bare].signature}; `hopline schema {bare}` says what they mean."
    near = find_nearest(bare, known)
    if near is not None:
        return f"did you mean {near}? `hopline schema` lists tables, views and macros."
    return "`hopline schema` lists tables, views and macros."


def _hint_at_column(name: str, query: str) -> str | None:
    catalog = load_catalog()
    used = [catalog[word] for word in sorted(mentioned(query))]
    for macro in [relation for relation in used if relation.kind == "macro"]:
        used += [catalog[needed] for needed in macro.needs]
    columns = {column.name: relation.name for relation in reversed(used) for column in relation.columns}
    near = find_nearest(name, columns)
    if near is not None:
        return f"did you mean {near}? `hopline schema {columns[near]}` lists the columns."
    public = [relation for relation in public_relations() if not relation.internal]
    homes = [relation.name for relation in public if any(column.name == name for column in relation.columns)]
    if homes:
        return f"{name} is a column of {', '.join(homes[:3])}."
    return f"`hopline schema {used[0].name}` lists the columns." if used else None


def _hint_at_macro(query: str) -> str | None:
    catalog = load_catalog()
    for name in sorted(mentioned(query)):
        if catalog[name].kind == "macro":
            return f"{catalog[name].signature}; `hopline schema {name}` says what they mean."
    return None


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` was most likely meant to be; None where none is near."""
    by_lower = {other.lower(): other for other in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None
