"""The only code that knows SpiffWorkflow: reading diagrams, running them, keeping their state."""
