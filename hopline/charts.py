"""Charts as files beside a report in Markdown, drawn by kaleido in a Chromium: the extra `hopline[charts]`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from ingest.errors import OutputError

if TYPE_CHECKING:
    from reports import Still

#: Stills are drawn twice as fine as their pixels say, for screens that show it and for paper.
_SCALE = 2
_PATIENCE_S = 60.0
_HINT = "apt-get install chromium, or BROWSER_PATH=/path/to/chrome"
#: plotly.js names the parts of a picture after a number of its own that is another each time.
_RANDOM = re.compile(r'id="(?:top)?defs-([0-9a-f]{6})"')


class ChartFormat(StrEnum):
    """What a chart can be written as."""

    PNG = "png"
    SVG = "svg"


def check_renderer() -> None:
    """Raise OutputError, which names what to install, where charts could not be drawn: before minutes of work."""
    try:
        import kaleido  # noqa: F401
        from choreographer.browsers.chromium import Chromium
    except ImportError:
        raise OutputError(
            "--charts needs kaleido, which is not installed", hint="pip install 'hopline[charts]'"
        ) from None
    named = os.environ.get("BROWSER_PATH")
    if named is not None and not os.access(named, os.X_OK):
        raise OutputError(f"--charts needs a browser, and BROWSER_PATH names none: {named}", hint=_HINT)
    if named is None and Chromium.find_browser(skip_local=False) is None:
        raise OutputError("--charts needs a Chromium or Chrome, and none is found", hint=_HINT)


def draw_files(stills: Sequence[Still], format_: ChartFormat) -> list[bytes]:
    """Return each still as the content of a file; the same stills give the same bytes. Raises OutputError."""
    import asyncio

    try:
        pictures = asyncio.run(asyncio.wait_for(_draw(stills, format_), _PATIENCE_S * (len(stills) + 1)))
    except Exception as error:
        # Whatever goes wrong in a foreign browser comes as an exception of one of three libraries.
        summary = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise OutputError(f"--charts: the browser drew no chart: {summary}", hint=_HINT) from error
    return [_settle(picture) for picture in pictures] if format_ is ChartFormat.SVG else pictures


async def _draw(stills: Sequence[Still], format_: ChartFormat) -> list[bytes]:
    import kaleido

    scale = _SCALE if format_ is ChartFormat.PNG else 1
    # MathJax would come from the network; there is no formula in a chart.
    async with kaleido.Kaleido(mathjax=False) as renderer:
        return [
            await renderer.calc_fig(
                still.figure,
                opts={"format": str(format_), "width": still.width, "height": still.height, "scale": scale},
            )
            for still in stills
        ]


def _settle(picture: bytes) -> bytes:
    text = picture.decode()
    for name in set(_RANDOM.findall(text)):
        text = text.replace(name, "hopline")
    return text.encode()
