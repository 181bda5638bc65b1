"""What is read of the code is kept while the tests of this folder run, and then let go."""

from collections.abc import Iterator

import pytest

from tests.architecture import source


@pytest.fixture(scope="package", autouse=True)
def _code_let_go() -> Iterator[None]:
    """Millions of objects, which would be looked through for garbage during all tests that follow."""
    yield
    source.syntax_of.cache_clear()
