"""Fill engines: one Protocol (`base`), one table (`table`)."""
