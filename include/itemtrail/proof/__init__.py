"""Checkers of a proof that stand alone: for Python, and for a browser. They import nothing of itemtrail."""
