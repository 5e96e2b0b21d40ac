"""The creator's content list: visibility, filters, pages."""

import pytest

from tests.factories import WalletFactory, make_contents


def shown(answer) -> list[str]:
    return [content.pk for content in answer.context["page"]]


def test_creator_sees_only_own_items(signed_in, alice, bob, wallet_of):
    own = make_contents(wallet_of(alice), 2)
    make_contents(wallet_of(bob), 2)
    answer = signed_in(alice).get("/content")
    assert sorted(shown(answer)) == sorted(content.pk for content in own)
    assert "2 items" in answer.content.decode()
    assert "Update price" in answer.content.decode()


def test_items_of_all_own_wallets_listed(signed_in, alice, wallet_of):
    first = wallet_of(alice)
    second = WalletFactory(owner=alice)
    keys = [make_contents(wallet)[0].pk for wallet in (first, second)]
    assert sorted(shown(signed_in(alice).get("/content"))) == sorted(keys)


@pytest.mark.parametrize("name", ["carol", "clerk", "viewer", "root"])
def test_message_for_buyers(signed_in, request, alice, wallet_of, name):
    make_contents(wallet_of(alice), 1)
    page = signed_in(request.getfixturevalue(name)).get("/content").content.decode()
    assert "no wallet that sells content" in page
    assert "Item" not in page


def test_message_without_items(signed_in, alice):
    assert "You have no content yet" in signed_in(alice).get("/content").content.decode()


def test_removed_items_hidden_unless_filtered(signed_in, alice, wallet_of):
    (sold,) = make_contents(wallet_of(alice))
    (removed,) = make_contents(wallet_of(alice), is_removed=True)
    client = signed_in(alice)
    assert shown(client.get("/content")) == [sold.pk]
    answer = client.get("/content?state=removed")
    assert shown(answer) == [removed.pk]
    assert "Removed</span>" in answer.content.decode()
    assert len(shown(client.get("/content?state=all"))) == 2


def test_filters_go_together(signed_in, alice, wallet_of):
    wallet = wallet_of(alice)
    make_contents(wallet, 3)
    books = make_contents(wallet, 5, content_type="book")
    client = signed_in(alice)
    answer = client.get("/content?type=book&price_from=2&price_to=4 STX")
    assert sorted(shown(answer)) == sorted(book.pk for book in books[1:4])
    assert shown(client.get(f"/content?q={books[0].title.lower()}&type=book")) == [books[0].pk]
    assert "Nothing matches" in client.get("/content?q=nowhere").content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("price_from=abc", "Enter a price in STX"),
        ("price_from=-1", "Enter a price in STX, such as 2.5 or 1,250."),
        ("price_to=1e3", "Enter a price in STX, such as 2.5 or 1,250."),
        ("price_to=" + "9" * 20, "The pricemust be between"),
        ("price_from=5&price_to=2", "less than the lower price"),
        ("type=weapon", "weapon is not one of the available choices"),
        ("q=" + "x" * 101, "at most 100 characters"),
    ],
)
def test_invalid_filter_shows_field_error(signed_in, alice, wallet_of, query, words):
    make_contents(wallet_of(alice), 2)
    answer = signed_in(alice).get(f"/content?{query}")
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert shown(answer) == []


def test_pages_match_batch_size_and_filter(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), 220)
    client = signed_in(alice)
    first = client.get("/content?type=video")
    assert len(shown(first)) == 100
    assert "type=video&amp;page=2" in first.content.decode()
    assert "All 220 that match" in first.content.decode()
    pages = [shown(client.get(f"/content?type=video&page={number}")) for number in (1, 2, 3)]
    assert len({key for page in pages for key in page}) == 220
    assert shown(client.get("/content?page=9999999999999999999")) == pages[2]
    assert shown(client.get("/content?page=abc")) == pages[0]


def test_hostile_titles_are_text(signed_in, alice, wallet_of):
    make_contents(wallet_of(alice), title="<script>alert(1)</script> {{7*7}}")
    page = signed_in(alice).get("/content").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page


def test_url_with_nul_refused(signed_in, alice):
    for path in ("/content?q=%00", "/content/%00"):
        assert signed_in(alice).get(path).status_code == 400
