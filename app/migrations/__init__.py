"""The schema's history, written by hand; a test holds that it ends where the tables' definitions are."""
