"""The REST API: one module per thing that a caller reads or changes."""
