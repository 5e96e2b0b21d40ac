"""A preview writes nothing, even if it fails."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.errors import Invalid
from batches.models import Follows, Source, Submission
from batches.operations import OPERATIONS
from batches.services.runs.follow_up import follow_up, preview_follow_up
from batches.services.runs.price_lines import PriceLine, Prices
from batches.services.runs.start import Request, preview, start
from tests.factories import make_contents


@pytest.fixture
def keys(settings, alice, wallet_of):
    settings.BATCH_MAX_ITEMS = 2
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


def writes(work) -> list[str]:
    """The statements of it that change something."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return [query["sql"] for query in captured if not is_read(query["sql"])]


def is_read(sql: str) -> bool:
    if connection.vendor == "mongodb":
        return ".aggregate(" in sql
    return sql.startswith("SELECT")


def asked(by, keys, **more):
    values = {"payload": {"newPrice": 7_000_000}, "content_ids": keys, **more}
    return Request(operation=OPERATIONS["update-price"], by=by, source=Source.COMMAND, **values)


def test_preview_of_several_batches(alice, keys):
    request = asked(alice, keys)
    assert writes(lambda: preview(request)) == []
    assert preview(request).change_count == 3
    assert not Submission.objects.exists()


def test_preview_of_item_prices(alice, keys):
    lines = [PriceLine(number, key, {"newPrice": 5}) for number, key in enumerate(keys, start=2)]
    request = asked(alice, keys, prices=Prices(lines))
    assert writes(lambda: preview(request)) == []


def test_preview_of_follow_up(alice, keys, work):
    run = start(asked(alice, keys))
    work()
    run = run.refreshed()
    wanted = {"by": alice, "source": Source.COMMAND}
    assert writes(lambda: preview_follow_up(run, Follows.UNDO, **wanted)) == []
    assert Submission.objects.get() == run.submission
    follow_up(run, Follows.UNDO, **wanted)
    assert Submission.objects.count() == 2


def test_over_the_api(call, alice, keys):
    caller = call(alice)
    body = {"operationType": "update-price", "newPrice": 7, "contentIds": keys[:2]}

    def ask():
        assert caller.post("/api/batches/preview", body).status_code == 200

    ask()  # the first use of a token is noted
    assert writes(ask) == []


@pytest.mark.parametrize("door", [preview, start])
def test_other_creators_are_refused_before_anything_is_kept(
    staff, bob, alice, keys, wallet_of, door
):
    (foreign,) = make_contents(wallet_of(bob))
    request = asked(staff, [*keys, foreign.pk], creator=wallet_of(alice))

    def ask():
        with pytest.raises(Invalid, match="belong to Bob"):
            door(request)

    assert writes(ask) == []
    assert not Submission.objects.exists()
