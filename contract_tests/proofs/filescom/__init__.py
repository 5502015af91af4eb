"""Proofs of the rules of Files.com, a module for each theme; `steps` is what they share, `models` what models are told."""
