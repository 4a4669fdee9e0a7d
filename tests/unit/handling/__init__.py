"""Tests of the contract between handlers and whoever runs them."""
