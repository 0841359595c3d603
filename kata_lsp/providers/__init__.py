"""The provider runtime: adapters for model vendors behind one seam, with one retry layer.

Must not know runs, specs or editors.
"""
