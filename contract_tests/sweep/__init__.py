"""Sweeps: every operation is sent requests made up from the contract, good ones and bad ones, and each answer is judged.

An operation gets the contract's examples, then cases that cover its schemas' bounds, then random ones, and one whose free
texts hold an astral character, which a seed may never draw; the links of what it answers are followed. What is made up
depends on the contract, the seed and the versions of the generators, on nothing else.
"""
