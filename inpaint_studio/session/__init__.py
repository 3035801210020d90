"""A photo being worked on: its history of deltas and its export."""
