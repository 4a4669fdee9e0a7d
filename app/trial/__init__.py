"""Flows tried out on the real engine, in a store that is thrown away: by hand from a page, or as written scenarios."""
