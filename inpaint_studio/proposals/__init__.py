"""Masks the program suggests: text, objects, blemishes, logos."""
