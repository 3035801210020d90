"""The library on disk: SQLite for facts, content-addressed objects for pixels."""
