"""Diagrams of other dialects (Camunda 7, SpiffArena) made into our own, and what could not be taken over."""

from app.conversion.convert import convert
from app.conversion.drawing import Converted, Dialect, Note

__all__ = ["Converted", "Dialect", "Note", "convert"]
