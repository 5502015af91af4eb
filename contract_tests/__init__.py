"""The verifier: checks any implementation against the contract, rule by rule."""
