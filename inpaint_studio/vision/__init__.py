"""Readers of pictures: text, objects, faces. Used to propose masks and to judge edits."""
