"""Layered settings: what they are (`model`), and where they come from.

Must not know providers, runs or editors; those read the values they need.
"""
