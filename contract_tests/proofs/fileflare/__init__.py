"""Proofs of the rules of Fileflare, a module for each theme; `steps` is what they share, `models` what models are told."""
