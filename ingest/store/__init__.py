"""The store: logs parsed once, to be asked often. A folder of Parquet files, and manifests that say what they hold.

See docs/how-to/store.md for its use, and docs/decisions for why it is made so.
"""

from ingest.store.layout import is_store
from ingest.store.outcomes import Ingested, Outcome
from ingest.store.reading import Stored, open_store
from ingest.store.writing import ingest_logs

__all__ = ["Ingested", "Outcome", "Stored", "ingest_logs", "is_store", "open_store"]
