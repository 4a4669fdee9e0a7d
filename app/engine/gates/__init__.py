"""Gates: what stands before a system or a handler, and lets through as many calls as that can bear."""
