"""The access network."""
