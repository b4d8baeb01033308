"""What the verbs need of a session to show its answers, whether they are shown as they are or redacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    import analysis


class Asking(Protocol):
    """A session that can be asked in SQL: `analysis.Session`, or one whose answers are redacted."""

    @property
    def options(self) -> analysis.Options:
        """The rules by which failovers are read out of the logs."""

    def sql(self, query: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return the rows of a SELECT; raises QueryError."""
