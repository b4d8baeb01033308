"""How many examples a property is tried on: few in every run, HOPLINE_EXAMPLES times as many in `make soak`."""

import os

_FACTOR = int(os.environ.get("HOPLINE_EXAMPLES", "1"))


def examples(count: int) -> int:
    """Return the number for `max_examples` where every run takes `count`."""
    return count * _FACTOR
