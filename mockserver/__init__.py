"""The mock: an interpreter of the contract that keeps keys, windows, tokens and rows in memory."""

from mockserver.app import Mock, create_app

__all__ = ["Mock", "create_app"]
