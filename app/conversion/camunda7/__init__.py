"""Camunda 7 diagrams."""
