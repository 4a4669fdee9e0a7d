"""One file for each diagram under processes/."""
