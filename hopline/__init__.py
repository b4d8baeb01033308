"""hopline: which endpoint, in which cluster, served every request, and what happened when that changed."""

from ingest.errors import HoplineError

__all__ = ["HoplineError", "__version__"]

__version__ = "0.1.0"
