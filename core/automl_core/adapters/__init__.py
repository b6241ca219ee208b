"""Adapters: how each port is kept, one technology a module. Only ``wiring`` imports them."""
