"""Backups of database and files that can be compared with what comes back: taken, restored, tried out, archived."""
