"""`python -m tests.docs` writes the generated pages and the console output anew; `--check` only says what is stale."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs.consoles import HOME, find_pages, renew
from tests.docs.pages import PAGES


def find_stale() -> dict[Path, str]:
    """Return the pages that are not what they should be, and what they should be."""
    wanted = {HOME / name: write() for name, write in PAGES.items()}
    for page in find_pages():
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            work.mkdir()
            wanted[page] = renew(page, work)
    return {page: text for page, text in wanted.items() if not page.exists() or page.read_text() != text}


def main() -> int:
    """Write or check, and say which pages changed."""
    check = "--check" in sys.argv[1:]
    stale = find_stale()
    for page, text in stale.items():
        print(f"{'stale' if check else 'written'}: {page.relative_to(HOME)}")
        if not check:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
