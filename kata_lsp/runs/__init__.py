"""Runs as facts: the record, the lifecycle table and the store.

Must not know how a run is carried out, nor any wire format.
"""
