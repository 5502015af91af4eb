"""Other ways to a provider's files than its API: one door for each protocol, each with the same keys and the same tree.

Nothing of this is imported where no door is opened.
"""
