class BackupError(Exception):
    """A backup cannot be taken, or one is not what it was; the message says why and what to do."""
