"""What Turnup does at other systems: one module for each system, found by the scan of `app.handling.registry`."""
