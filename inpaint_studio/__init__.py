"""Inpaint Studio: removes and replaces things in photos, and knows when its own edit is bad."""

__version__ = "0.1.0"
