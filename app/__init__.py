"""Turnup fulfils telecom orders: flows drawn in BPMN, steps written as Python handlers."""
