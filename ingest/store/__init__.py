"""The store: logs parsed once, to be asked often. A folder of Parquet files, and manifests that say what they hold.

See docs/how-to/store.md for its use, and docs/decisions for why it is made so.
"""

from ingest.store.forgetting import forget_source
from ingest.store.layout import is_store, open_layout
from ingest.store.outcomes import Ingested, Outcome
from ingest.store.reading import NamedSource, Stored, list_sources, open_store
from ingest.store.verifying import Finding, verify_store
from ingest.store.writing import ingest_logs

__all__ = [
    "Finding",
    "Ingested",
    "NamedSource",
    "Outcome",
    "Stored",
    "forget_source",
    "ingest_logs",
    "is_store",
    "list_sources",
    "open_layout",
    "open_store",
    "verify_store",
]
