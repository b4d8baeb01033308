"""The options that say where output goes, in which format, and what of it is redacted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hopline.writers import TableFormat

Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to this file, wholly or not at all, rather than to standard output.",
        show_default=False,
    ),
]
Redact = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Take out query, ip, user_agent (any of them, by commas), in log lines too: query strings go, addresses "
        "and user agents become pseudonyms that are the same all over the output.",
        show_default=False,
    ),
]
RedactKey = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        envvar="HOPLINE_REDACT_KEY",
        help="Key of the pseudonyms, 16 characters or more: the same key gives the same pseudonyms, and who has it can "
        "find the addresses again. Without it the key is random and forgotten, so that no two runs give the same "
        "bytes. HOPLINE_REDACT_KEY keeps it off the command line.",
        show_default=False,
    ),
]
ListFormat = Annotated[
    TableFormat | None,
    typer.Option(
        "-f",
        "--format",
        help="Format; without it, what the name of the output says, else a table.",
        show_default=False,
    ),
]
