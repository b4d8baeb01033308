"""The store: a source is a content, wholly there or not there, whatever it is called and however it is packed."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ingest
from ingest.errors import SourceError, StoreError
from ingest.store import Ingested, Stored, ingest_logs, open_store
from tests.ingest.lines import ISTIO, istio_lines
