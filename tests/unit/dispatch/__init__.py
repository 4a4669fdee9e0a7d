"""The worker and what wakes it."""
