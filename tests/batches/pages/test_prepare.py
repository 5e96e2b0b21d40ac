"""From a selection to the form, and from the form to a submission."""

import pytest

from batches.models import BatchOperation, Source, Submission
from content.models import Content
from tests.factories import make_contents

URL = "/batches/new/update-price"


def test_selection_opens_the_form(signed_in, alice, wallet_of):
    first, second, _ = make_contents(wallet_of(alice), 3)
    answer = signed_in(alice).post(URL, {"ids": [first.pk, second.pk]})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "For 2 selected items" in page
    assert f'name="ids" value="{first.pk} {second.pk}"' in page
    assert not Submission.objects.exists()


def test_repeated_ids_count_once(signed_in, alice, wallet_of):
    keys = [content.pk for content in make_contents(wallet_of(alice), 3)]
    answer = signed_in(alice).post(URL, {"ids": [" ".join(keys), keys[1]]})
    assert "For 3 selected items" in answer.content.decode()


def test_matching_items_frozen_into_ids(signed_in, alice, bob, wallet_of, prepared):
    books = make_contents(wallet_of(alice), 60, content_type="book")
    make_contents(wallet_of(alice), 3)
    make_contents(wallet_of(bob), 3, content_type="book")
    client = signed_in(alice)
    answer = client.post(URL, {"all": "1", "query": "type=book", "ids": ["item-x"]})
    assert "For 60 selected items" in answer.content.decode()
    submission = prepared(client, [answer.context["content_ids"]])
    assert sorted(submission.content_ids) == sorted(book.pk for book in books)


@pytest.mark.parametrize(
    "data", [{}, {"ids": ""}, {"ids": "  "}, {"all": "1", "query": "q=none"},
             {"all": "1", "query": "price_from=abc"}]
)  # fmt: skip
def test_empty_selection_redirects_with_message(signed_in, alice, wallet_of, data):
    make_contents(wallet_of(alice))
    answer = signed_in(alice).post(URL, data, follow=True)
    assert answer.redirect_chain == [("/content", 302)]
    assert "Choose at least one item first." in answer.content.decode()


def test_reload_without_selection_redirects(signed_in, alice):
    assert signed_in(alice).get(URL)["Location"] == "/content"


def test_unknown_kind_not_found(signed_in, alice):
    assert signed_in(alice).post("/batches/new/explode", {"ids": "1"}).status_code == 404


def test_form_creates_only_a_submission(signed_in, alice, wallet_of, prepared):
    (content,) = make_contents(wallet_of(alice))
    submission = prepared(signed_in(alice), [content.pk], new_price="1,234.5")
    assert submission.payload == {"newPrice": 1_234_500_000}
    assert (submission.by, submission.source) == (alice, Source.PAGE)
    assert submission.versions == [1]
    assert not BatchOperation.objects.exists()
    assert Content.objects.get().version == 1


def test_bad_input_shown_at_field(signed_in, alice, wallet_of, prepare):
    (content,) = make_contents(wallet_of(alice))
    answer = prepare(signed_in(alice), [content.pk], new_price="-5")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["new_price"]
    page = answer.content.decode()
    assert 'id="id_new_price_error"' in page
    assert "Enter a price in STX, such as 2.5 or 1,250." in page
    assert f'name="ids" value="{content.pk}"' in page
    assert not Submission.objects.exists()


def test_invalid_ids_refused(signed_in, alice, prepare):
    answer = prepare(signed_in(alice), ["a/b"])
    assert answer.status_code == 400
    assert "An id has 1 to 64 letters" in answer.content.decode()
    assert not Submission.objects.exists()


def test_too_many_ids_refused_untruncated(signed_in, alice, prepare):
    answer = prepare(signed_in(alice), [" ".join(f"a{number}" for number in range(10_001))])
    assert answer.status_code == 400
    assert "10,001 items are too many" in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [("bob", 403), ("carol", 403), ("clerk", 403), ("viewer", 403), ("staff", 302), ("root", 302)],
)
def test_prepare_foreign_items_permission(
    signed_in, request, alice, wallet_of, prepare, name, status
):
    (content,) = make_contents(wallet_of(alice))
    answer = prepare(signed_in(request.getfixturevalue(name)), [content.pk])
    assert answer.status_code == status
    assert Submission.objects.exists() is (status == 302)
    if status == 403:
        page = answer.content.decode()
        assert "None of these items belongs to this creator." in page
        assert content.title not in page


def test_anonymous_prepare_nothing(client, alice, wallet_of, prepare):
    (content,) = make_contents(wallet_of(alice))
    assert prepare(client, [content.pk])["Location"].startswith("/login")
    assert not Submission.objects.exists()
