"""The driver of the gateway bench: starts the proxies, runs the loads, reads what they cost."""
