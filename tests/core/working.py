"""A child for tests: it does what the first part of the question says."""

import os
import sys
import time

from apps.core.child import serve


def work(question: list[bytes]) -> list[bytes]:
    word, *rest = question
    match word:
        case b"echo":
            return rest
        case b"print":
            print("noise between the answers")
            sys.stdout.flush()
            return [b"quiet"]
        case b"raise":
            raise ValueError("this cannot be done")
        case b"sleep":
            time.sleep(30)
        case b"eat":
            return [bytes(int(rest[0]))[:1]]
        case b"die":
            os._exit(3)
        case b"pid":
            return [str(os.getpid()).encode()]
    raise LookupError(word)


if __name__ == "__main__":
    serve(work)
