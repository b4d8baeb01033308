"""The store: a source is a content, wholly there or not there, whatever it is called and however it is packed."""

from __future__ import annotations
