"""Minutes of nasty input; run by `make fuzz`."""
