"""The Retouch workspace: paint, run, look, undo."""
