"""Arrow -> answers: DuckDB views that attribute requests and tell failovers."""

from analysis.options import Objectives, Options
from analysis.session import Session, open_session

__all__ = ["Objectives", "Options", "Session", "open_session"]
