"""Fileflare broken: a module for each theme."""
