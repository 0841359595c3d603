"""Owns safe access to the files of a workspace that may be hostile.

Must not know what the files are searched for.
"""
