"""Sweeps: every operation is sent requests made up from the contract, good ones and bad ones, and each answer is judged.

An operation gets the contract's examples, then cases that cover its schemas' bounds, then random ones; the links of what it
answers are followed. What is made up depends on the contract, the seed and the versions of the generators, on nothing else.
"""
