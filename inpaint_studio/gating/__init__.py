"""Judging an edit: statistics first, then semantics."""
