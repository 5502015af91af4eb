"""Small reference models that run beside the target, one machine a file.

Each is generic: what a provider promises, and how its API is asked for it, comes from `contract_tests/proofs/<provider>/models.py`.
A model judges what follows from the words of the documents and leaves open what they leave open, so that it fits any
implementation that keeps them; `limiter.Exact` alone is the mock's own choice.
"""
