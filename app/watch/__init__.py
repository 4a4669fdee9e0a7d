"""How the house is watched: figures for Prometheus, readiness, traces. It looks at other rooms and changes nothing."""
