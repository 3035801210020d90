"""Model files on disk: manifest, sums, contracts. Never downloads."""
