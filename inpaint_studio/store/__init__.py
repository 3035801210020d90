"""What must not be lost: the library's database, objects and backups."""
