"""The wires to other systems."""
