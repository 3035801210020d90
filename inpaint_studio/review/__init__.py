"""The review queue: items, decisions, next attempts, audit, calibration of the reviewer's bar."""
