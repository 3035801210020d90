"""The Review page: every flagged edit with its evidence, decided by keyboard."""
