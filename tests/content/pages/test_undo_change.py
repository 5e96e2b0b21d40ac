"""Undo this change: the newest change in an item's history, by permitted users."""

import pytest

from batches.models import BatchOperation, Submission
from content.models import Content, ContentChange
from content.services.catalogue.changes import change_content
from tests.answers import text
from tests.batches.orders import price_batch
from tests.conftest import grant, person
from tests.factories import make_contents


@pytest.fixture
def item(alice, wallet_of) -> Content:
    (item,) = make_contents(wallet_of(alice), title="First", onchain_id=7)
    return item


@pytest.fixture
def edited(alice, item) -> Content:
    """By hand, twice."""
    change_content(item.pk, {"title": "Second"}, version=1, by=alice, cause="api")
    new = {"price": 5_000_000, "url": "https://media.example.org/new"}
    change_content(item.pk, new, version=2, by=alice, cause="api")
    item.refresh_from_db()
    return item


def test_manual_change_undone(signed_in, alice, edited):
    client = signed_in(alice)
    answer = client.get(f"/content/{edited.pk}")
    assert text(answer).count("Undo this change…") == 1
    assert "5 STX → to 1 STX" in text(answer)
    assert "media.example.org/1" not in text(answer).split("History")[1]
    answer = client.post(f"/content/{edited.pk}/put-back", {"version": "3"}, follow=True)
    assert "Undone: the previous values are restored." in text(answer)
    assert "undone manually · version 4" in text(answer)
    edited.refresh_from_db()
    assert (edited.title, edited.price, edited.version) == ("Second", 1_000_000, 4)
    assert edited.url.startswith("https://media.example.org/")
    assert not edited.url.endswith("/new")
    change = ContentChange.objects.get(content=edited, version=4)
    assert (change.cause, change.by) == ("put-back", alice)
    assert change.chain_state == ContentChange.ChainState.QUEUED


def test_undo_can_be_undone(signed_in, alice, edited):
    client = signed_in(alice)
    client.post(f"/content/{edited.pk}/put-back", {"version": "3"})
    client.post(f"/content/{edited.pk}/put-back", {"version": "4"})
    edited.refresh_from_db()
    assert (edited.price, edited.version) == (5_000_000, 5)


def test_later_change_stays(signed_in, alice, edited):
    answer = signed_in(alice).post(f"/content/{edited.pk}/put-back", {"version": "2"}, follow=True)
    assert "This item has changed since, so it was not undone." in text(answer)
    edited.refresh_from_db()
    assert (edited.title, edited.version) == ("Second", 3)


def test_a_removed_item_is_restored_first(signed_in, alice, edited):
    Content.objects.filter(pk=edited.pk).update(is_removed=True)
    answer = signed_in(alice).post(f"/content/{edited.pk}/put-back", {"version": "3"}, follow=True)
    assert "This item was removed; restore it first." in text(answer)
    assert Content.objects.get().version == 3


@pytest.mark.parametrize("version", ["", "x", "-1", "1.5", "٣", "9" * 30, "3\n"])
def test_invalid_version_changes_nothing(signed_in, alice, edited, version):
    answer = signed_in(alice).post(f"/content/{edited.pk}/put-back", {"version": version})
    assert answer.status_code == 302
    assert Content.objects.get().version == 3


@pytest.mark.parametrize("version", ["1", "99"])
def test_addition_and_unknown_change_not_undone(signed_in, alice, edited, version):
    answer = signed_in(alice).post(f"/content/{edited.pk}/put-back", {"version": version})
    assert answer.status_code == 403
    assert Content.objects.get().version == 3


def test_get_undoes_nothing(signed_in, alice, edited):
    answer = signed_in(alice).get(f"/content/{edited.pk}/put-back?version=3")
    assert answer["Location"] == f"/content/{edited.pk}"
    assert Content.objects.get().version == 3


@pytest.mark.parametrize(
    ("name", "status"),
    [("bob", 404), ("carol", 404), ("clerk", 404), ("viewer", 403), ("staff", 302), ("root", 302)],
)
def test_permissions_to_undo_manual_change(signed_in, request, edited, name, status):
    client = signed_in(request.getfixturevalue(name))
    if status != 404:
        page = text(client.get(f"/content/{edited.pk}"))
        assert ("Undo this change" in page) is (status == 302)
    answer = client.post(f"/content/{edited.pk}/put-back", {"version": "3"})
    assert answer.status_code == status
    assert Content.objects.get().version == (4 if status == 302 else 3)


def test_staff_only_fields_undone_by_staff_only(signed_in, alice, bob, staff, wallet_of, item):
    owner = {"creator_id": wallet_of(bob).pk}
    change_content(item.pk, owner, version=1, by=staff, cause="admin")
    client = signed_in(bob)
    assert "Undo this change" not in text(client.get(f"/content/{item.pk}"))
    answer = client.post(f"/content/{item.pk}/put-back", {"version": "2"})
    assert answer.status_code == 403
    signed_in(staff).post(f"/content/{item.pk}/put-back", {"version": "2"})
    item.refresh_from_db()
    assert item.creator == wallet_of(alice)


def test_single_change_undone_by_batch(signed_in, alice, wallet_of, item, work):
    (other,) = make_contents(wallet_of(alice))
    batch = price_batch(alice, [item.pk, other.pk])
    work()
    client = signed_in(alice)
    page = client.get(f"/content/{item.pk}").content.decode()
    assert f'action="/batches/{batch.pk}/undo"' in page
    answer = client.post(f"/batches/{batch.pk}/undo", {"content_id": item.pk})
    draft = Submission.objects.get(pk=answer["Location"].removeprefix("/submissions/"))
    assert draft.content_ids == [item.pk]
    client.post(f"/submissions/{draft.pk}/confirm")
    work()
    item.refresh_from_db()
    other.refresh_from_db()
    assert (item.price, other.price) == (1_000_000, 7_000_000)
    assert BatchOperation.objects.get(undo_of=batch).total_items == 1
    # The rest of the batch can still be undone.
    assert ' id="undo"' in client.get(f"/batches/{batch.pk}").content.decode()


def test_unchanged_item_is_not_undone(signed_in, alice, item, work):
    batch = price_batch(alice, [item.pk])
    work()
    answer = signed_in(alice).post(
        f"/batches/{batch.pk}/undo", {"content_id": "other"}, follow=True
    )
    assert "Nothing was changed, so there is nothing to undo." in text(answer)


def test_viewer_not_offered_undo(signed_in, viewer, alice, item, work):
    price_batch(alice, [item.pk])
    work()
    assert "Undo this change" not in text(signed_in(viewer).get(f"/content/{item.pk}"))


def test_staff_without_run_permission_undo_manual_changes(signed_in, alice, wallet_of, item, work):
    editor = grant(person("editor", is_staff=True), "view_content", "change_content")
    change_content(item.pk, {"title": "Second"}, version=1, by=alice, cause="api")
    client = signed_in(editor)
    assert "Undo this change" in text(client.get(f"/content/{item.pk}"))
    price_batch(alice, [item.pk])
    work()
    assert "Undo this change" not in text(client.get(f"/content/{item.pk}"))
