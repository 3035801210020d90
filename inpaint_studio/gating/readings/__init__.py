"""The readings, one family per module; `table` lists them all."""
