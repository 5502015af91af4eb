"""One module of proofs per provider; a proof is a test marked with the rule that it shows."""
