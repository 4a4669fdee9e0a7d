"""Tests of the handlers, each against the laboratory over HTTP."""
