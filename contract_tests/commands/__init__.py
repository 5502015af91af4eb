"""The commands of `contract-tests`, one a file."""
