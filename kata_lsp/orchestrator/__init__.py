"""Carries a run out: context, prompt, provider, validation, store, events.

Must not know LSP, terminals or any wire format.
"""
