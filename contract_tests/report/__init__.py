"""A verdict told to a person at a terminal, and to machines."""
