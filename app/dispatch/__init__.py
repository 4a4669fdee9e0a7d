"""Runs instances: wakes them, claims their steps, calls the handlers. The database row is the truth."""
