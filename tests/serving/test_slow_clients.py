"""Slow clients do not take the server down: two hundred of a kind, and everybody else is still answered."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.serving.house import House

SLOW = 200
HEADERS = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100000\r\n\r\nlogin="
)
PAGES = b"GET /static/vendor/bootstrap/bootstrap.min.css HTTP/1.1\r\nHost: localhost\r\n\r\n"


def never_reads(connection: socket.socket) -> None:
    """Asks for a large file again and again, and takes no byte of it."""


def drips(connection: socket.socket) -> None:
    connection.sendall(b"x")


KINDS: dict[str, tuple[bytes, Callable[[socket.socket], None]]] = {
    "slow headers": (HEADERS, drips),
    "slow bodies": (BODY, drips),
    "slow readers": (PAGES * 10, never_reads),
}


@contextmanager
def crowd(house: House, begin: bytes, go_on: Callable[[socket.socket], None]) -> Iterator[list[socket.socket]]:
    """Two hundred connections that send a byte every second, or nothing; fewer where the server takes no more."""
    slow: list[socket.socket] = []
    for _ in range(SLOW):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        slow.append(connection)
        try:
            connection.connect(("127.0.0.1", house.port))
            connection.sendall(begin)
        except TimeoutError:
            break
    over = threading.Event()

    def drip() -> None:
        while not over.wait(1.0):
            for connection in slow:
                try:
                    go_on(connection)
                except OSError:
                    continue  # the server has had enough of this one

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield slow
    finally:
        over.set()
        thread.join()
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_an_ordinary_client_is_answered_beside_two_hundred_slow_ones(house: House, kind: str) -> None:
    begin, go_on = KINDS[kind]
    with crowd(house, begin, go_on) as slow:
        assert len(slow) == SLOW
        time.sleep(2)
        answers = [house.ask("/accounts/login/") for _ in range(40)]
        files = [house.ask("/static/css/cairn.css") for _ in range(5)]
    assert {answer.status for answer in (*answers, *files)} == {200}
    slowest = max(answer.seconds for answer in (*answers, *files))
    print(f"{kind}: {SLOW} connections, slowest of {len(answers)} ordinary answers {slowest * 1000:.0f} ms")
    assert slowest < 5


class TestTheEngine:
    """It finds a server that falls: one with a thread for each connection, and few of them."""

    def test_a_server_that_waits_for_slow_clients_in_its_threads_is_found(self, naive: House) -> None:
        begin, go_on = KINDS["slow headers"]
        with crowd(naive, begin, go_on):
            time.sleep(1)
            with pytest.raises(OSError, match="timed out"):
                naive.ask("/accounts/login/", patience=4)
