"""The options that say where output goes and in which format."""

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
ListFormat = Annotated[
    TableFormat | None,
    typer.Option(
        "-f",
        "--format",
        help="Format; without it, what the name of the output says, else a table.",
        show_default=False,
    ),
]
