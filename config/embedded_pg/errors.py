class ServerError(Exception):
    """The embedded server cannot be used; the message says why and what to do."""
