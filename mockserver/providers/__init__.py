"""Handlers, one module per provider, each function at the address that its operationId names."""
