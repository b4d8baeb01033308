"""Python blocks of a page, run one after the other in one namespace: `python -m tests.docs.pythons PAGE`.

A block of `>>>` lines is held to the output that it shows; any other has to run.
"""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def find_blocks(text: str) -> list[str]:
    """Return the Python blocks of a page."""
    return _BLOCK.findall(text)


def run_blocks(page: Path) -> bool:
    """Run the blocks of a page; True when all did what they show."""
    names: dict[str, Any] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for block in find_blocks(page.read_text()):
        if block.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), 0)
            runner.run(test, clear_globs=False)
            names = test.globs
        else:
            exec(compile(block, str(page), "exec"), names)
    return runner.summarize(verbose=False).failed == 0


if __name__ == "__main__":
    sys.exit(0 if run_blocks(Path(sys.argv[1])) else 1)
