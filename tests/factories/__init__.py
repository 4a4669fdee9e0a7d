"""Builders of things that tests need."""
