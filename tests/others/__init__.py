"""Servers that share no code with the mock, put together of parts, each of which a test may exchange."""
