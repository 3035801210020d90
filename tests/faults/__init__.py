"""Faults injected into the real store code: power cuts, kill -9, full disks."""
