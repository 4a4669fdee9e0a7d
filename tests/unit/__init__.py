"""Tests of one part at a time; folders mirror `app` and `handlers`."""
