"""Work in the background: tokens, queue, supervised worker processes."""
