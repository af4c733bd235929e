"""The experiments that ship with the tool: each file, or folder, here but ``shared`` is one.

A file of one's own needs nothing from here: ``chaos run ./mine.py``. These import `chaos.experiment` and each other.
"""

from .shared.course import QUESTIONS

__all__ = ["QUESTIONS"]
