"""Items of alice."""

import pytest

from tests.factories import make_contents


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice))[0]


@pytest.fixture
def items(alice, wallet_of):
    return make_contents(wallet_of(alice), 3)
