"""Arrow -> answers: DuckDB views that attribute requests and tell failovers."""

from analysis.options import Options
from analysis.session import Session, open_session

__all__ = ["Options", "Session", "open_session"]
