"""Owns runtime mode `pi`: the pi engine, its installation, its isolation and its dialect.

Must not know runs or editors. Importing it loads no engine, SDK or adapter.
"""
