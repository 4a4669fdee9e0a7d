"""Flows that no block describes: lanes with flows across them, joins of any kind, ways back."""

from __future__ import annotations

from tests.reference.author import Author, Ends, Place, Recipe

RECIPES: list[Recipe] = []
__all__ = ["Author", "Ends", "Place"]
