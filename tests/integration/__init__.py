"""Tests of parts together, started as a user starts them."""
