"""Owns bytes in and bytes out: framing, the bounded outbox, and the streams they travel on.

Must not know methods, commands or pygls; it moves JSON bodies.
"""
