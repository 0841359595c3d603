"""Owns the places that context comes from; each module is one source and knows no sibling."""
