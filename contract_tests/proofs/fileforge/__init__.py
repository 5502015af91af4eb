"""Proofs of the rules of FileForge, a module for each theme; `steps` is what they share, `models` what models are told."""
