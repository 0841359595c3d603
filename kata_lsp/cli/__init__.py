"""The terminal: the same core as the editors', without LSP in between.

Exit codes: 0 success, 1 the run or check failed, 2 wrong usage or input, 130 cancelled by Ctrl-C.
"""
