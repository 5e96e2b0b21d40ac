"""The installation that runs the examples."""

from itertools import count

import pytest
from django.conf import global_settings

from content.models import Wallet
from tests.conftest import person
from tests.factories import make_contents
from tests.faults.conftest import files, sqlite_template  # noqa: F401
from tests.faults.worlds import World, looking_at


@pytest.fixture
def world(files, django_db_blocker, settings) -> World:  # noqa: F811
    """Alice with five items: three films, then two books."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # as the installation reads them
    numbers = count(1)
    with django_db_blocker.unblock(), looking_at(files.database_url):
        person("alice", is_creator=True)
        person("bob", is_creator=True)
        alice, bob = (Wallet.objects.get(owner__username=name) for name in ("alice", "bob"))
        # Titles of one length, for the recipes show how a table looks.
        named = {"content_id": lambda _: f"film-{next(numbers)}", "title": "A film"}
        make_contents(alice, 3, **named)
        make_contents(alice, 2, content_type="book", price=9_000_000, **named)
        make_contents(bob)
    return files
