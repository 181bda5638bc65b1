"""``python -m config.embedded_pg.keeper FOLDER`` starts the server, and stays behind to stop it after its last user."""

import sys
from pathlib import Path

from config.embedded_pg.errors import ServerError
from config.embedded_pg.server import Server

if __name__ == "__main__":
    try:
        Server(Path(sys.argv[1])).keep()
    except (ServerError, OSError) as error:
        sys.exit(str(error))
