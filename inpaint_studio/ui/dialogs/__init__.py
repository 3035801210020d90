"""Dialogs: palette, keys, settings, save, and the stages of a run."""
