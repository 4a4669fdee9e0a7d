"""Runs process instances: definitions, instances, steps, waits, timers, messages, incidents and their history."""
