"""Proofs of the rules of the DezerX license API, a module for each theme; `steps` is what they share, `models` what models are told."""
