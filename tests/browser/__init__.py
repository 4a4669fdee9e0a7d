"""A real Chromium on real pages."""
