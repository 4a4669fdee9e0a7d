"""What opens other systems: looked up when a handler asks, in the environment, in files, in an encrypted store.

docs/decisions/0010-secrets.md says why it is built as it is.
"""
