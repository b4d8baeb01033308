"""Arrow -> answers: DuckDB views that attribute requests and tell failovers."""

from analysis.options import Network, Objectives, Options
from analysis.session import Session, open_session

__all__ = ["Network", "Objectives", "Options", "Session", "open_session"]
