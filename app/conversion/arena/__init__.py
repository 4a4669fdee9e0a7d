"""SpiffArena's diagrams."""
