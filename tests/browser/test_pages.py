"""Every page of a creator: accessible in light and dark, narrow and wide, and small."""

import pytest
from django.urls import reverse

from batches.models import Source
from batches.operations import OPERATIONS
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import draft, keep_draft
from content.models import ApiToken, Content
from tests.browser.visits import DESKTOP, PHONE
from tests.factories import make_contents

PRICE = OPERATIONS["update-price"]


@pytest.fixture
def contents(alice, bob, wallet_of) -> list[Content]:
    """Items of alice, of which the first is bob's and the last is removed."""
    foreign = make_contents(wallet_of(bob))
    own = make_contents(wallet_of(alice), 58, onchain_id=lambda number: number)
    own[0].title = "An uncommonly long title, " + "with a word that goes on" * 6
    Content.objects.filter(pk=own[0].pk).update(title=own[0].title[:255])
    return [*foreign, *own, *make_contents(wallet_of(alice), is_removed=True)]


@pytest.fixture
def submission(alice, contents):
    keys = [content.pk for content in contents]
    payload = {"percentChange": 10}
    return keep_draft(
        draft(by=alice, source=Source.PAGE, operation=PRICE, payload=payload, content_ids=keys)
    )


def content_list(**_):
    return reverse("content-list")


def filtered_to_nothing(**_):
    return reverse("content-list") + "?q=nosuch"


def wrong_filter(**_):
    return reverse("content-list") + "?price_from=x"


def content_detail(contents, batch, **_):
    return reverse("content-detail", args=[contents[1].pk])


def prices(**_):
    return reverse("content-prices")


def profile(**_):
    return reverse("profile")


def password_change(**_):
    return reverse("password-change")


def token_list(alice, **_):
    for name in ("laptop", "", "an uncommonly long name " * 4):
        ApiToken.objects.create(user=alice, name=name)
    return reverse("token-list")


def review(submission, **_):
    return reverse("submission-detail", args=[submission.pk])


def progress(alice, submission, **_):
    confirm(submission.pk, by=alice)
    return reverse("submission-detail", args=[submission.pk])


def end(alice, submission, work, **_):
    confirm(submission.pk, by=alice)
    work()
    return reverse("submission-detail", args=[submission.pk])


def batch_list(batch, **_):
    return reverse("batch-list")


def batch_detail(batch, **_):
    return reverse("batch-detail", args=[batch.pk])


@pytest.fixture
def batch(alice, contents, work):
    body = {"contentIds": [content.pk for content in contents], "newPrice": 5_000_000}
    batch = create_batch(clean_order(PRICE, body), by=alice, source=Source.API)
    work()
    return batch


PAGES = [
    content_list,
    filtered_to_nothing,
    wrong_filter,
    content_detail,
    prices,
    profile,
    password_change,
    token_list,
    review,
    progress,
    end,
    batch_list,
    batch_detail,
]


@pytest.mark.parametrize("path_of", PAGES, ids=lambda page: page.__name__)
def test_page_is_accessible(visit, request, alice, contents, work, path_of):
    world = {"alice": alice, "contents": contents, "work": work}
    for name in ("submission", "batch"):
        if name in path_of.__code__.co_varnames:
            world[name] = request.getfixturevalue(name)
    path = path_of(**world)

    for size in (DESKTOP, PHONE):
        here = visit(alice, size=size)
        here.open(path)
        here.assert_light()
        here.assert_fits()
        here.assert_accessible()


def test_sign_in_is_accessible(visit, alice):
    for size in (DESKTOP, PHONE):
        here = visit(size=size)
        here.open(reverse("login"))
        here.assert_light()
        here.assert_fits()
        here.assert_accessible()
