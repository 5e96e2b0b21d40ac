"""Valid and invalid payloads of each operation, with the same messages at API and forms."""

import pytest

from batches.models import BatchItem, BatchOperation, Submission
from content.models import Content
from tests.factories import make_contents

METADATA = "/api/batches/batch-update-metadata"
REMOVE = "/api/batches/batch-remove"
FIELDS = ["title", "description", "contentType", "tokenGating", "refundable", "refundWindowDays"]


@pytest.fixture
def item(alice, wallet_of):
    return make_contents(wallet_of(alice))[0]


@pytest.mark.parametrize(
    ("updates", "path"),
    [
        (None, "updates"),
        ({}, "updates"),
        ([], "updates"),
        ("title", "updates"),
        ({"title": ""}, "updates.title"),
        ({"title": " "}, "updates.title"),
        ({"title": "a" * 256}, "updates.title"),
        ({"title": 5}, "updates.title"),
        ({"title": None}, "updates.title"),
        ({"title": "a\r\nb"}, "updates.title"),
        ({"title": "a\nb"}, "updates.title"),
        ({"title": "a\x00"}, "updates.title"),
        ({"title": "\ud800"}, "updates.title"),
        ({"title": "a\u202eb"}, "updates.title"),
        ({"description": "a" * 10_001}, "updates.description"),
        ({"description": "a\rb"}, "updates.description"),
        ({"description": "\u2066"}, "updates.description"),
        ({"contentType": "film"}, "updates.contentType"),
        ({"contentType": ["video"]}, "updates.contentType"),
        ({"refundable": "true"}, "updates.refundable"),
        ({"refundable": 1}, "updates.refundable"),
        ({"refundWindowDays": -1}, "updates.refundWindowDays"),
        ({"refundWindowDays": 366}, "updates.refundWindowDays"),
        ({"refundWindowDays": True}, "updates.refundWindowDays"),
        ({"refundWindowDays": 1.5}, "updates.refundWindowDays"),
        ({"tokenGating": "on"}, "updates.tokenGating"),
        ({"tokenGating": {}}, "updates.tokenGating"),
        ({"tokenGating": {"enabled": True, "tokenType": "erc-20"}}, "updates.tokenGating"),
        ({"tokenGating": {"enabled": True, "minBalance": 0}}, "updates.tokenGating"),
        ({"tokenGating": {"enabled": True, "$ne": 1}}, "updates.tokenGating"),
    ],
)
def test_bad_metadata_is_refused_by_its_path(call, alice, item, updates, path):
    answer = call(alice).post(METADATA, {"contentIds": [item.pk], "updates": updates})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {path}
    assert not BatchOperation.objects.exists()


@pytest.mark.parametrize("name", ["creator", "price", "isRemoved", "_id", "version", "url", "$set"])
def test_unknown_fields_list_allowed_ones(call, alice, item, name):
    body = {"contentIds": [item.pk], "updates": {name: 1, "title": "New"}}
    answer = call(alice).post(METADATA, body)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid fields in update payload"
    assert answer.json()["invalidFields"] == [name]
    assert answer.json()["allowedFields"] == FIELDS
    assert list(answer.json()["errors"]) == [f"updates.{name}"]
    if name == "price":
        assert answer.json()["errors"]["updates.price"] == ["Use batch-update-price."]
    assert not BatchOperation.objects.exists()


@pytest.mark.parametrize("reason", [None, 5, [], "a" * 501, "a\nb", "a\x00b", "\u202e"])
def test_bad_reasons_are_refused(call, alice, item, reason):
    answer = call(alice).post(REMOVE, {"contentIds": [item.pk], "removalReason": reason})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"removalReason"}
    assert not BatchOperation.objects.exists()


def test_removal_has_default_reason(call, alice, item, work):
    call(alice).post(REMOVE, {"contentIds": [item.pk]})
    work()
    assert Content.objects.get().removal_reason == "Batch removal by creator"


def test_removing_again_keeps_date_and_reason(call, alice, item, work):
    call(alice).post(REMOVE, {"contentIds": [item.pk], "removalReason": "First"})
    work()
    first = Content.objects.get()
    call(alice).post(REMOVE, {"contentIds": [item.pk], "removalReason": "Second"})
    work()

    content = Content.objects.get()
    assert (content.removal_reason, content.removed_at) == ("First", first.removed_at)
    assert list(BatchItem.objects.values_list("outcome", flat=True)) == ["succeeded", "unchanged"]


@pytest.mark.parametrize(
    ("now", "wanted", "after"),
    [
        ({}, True, {"enabled": True}),
        ({}, False, {}),
        ({}, {"enabled": False}, {}),
        (
            {"enabled": True, "tokenContract": "SP1.club"},
            False,
            {"enabled": False, "tokenContract": "SP1.club"},
        ),
        (
            {"enabled": False, "tokenContract": "SP1.club"},
            True,
            {"enabled": True, "tokenContract": "SP1.club"},
        ),
        (
            {"enabled": True, "tokenContract": "SP1.club"},
            {"enabled": True, "minBalance": 2},
            {"enabled": True, "minBalance": 2},
        ),
    ],
)
def test_token_gating_by_boolean_or_object(call, alice, wallet_of, work, now, wanted, after):
    first, second = make_contents(wallet_of(alice), 2)
    Content.objects.filter(pk=first.pk).update(token_gating=now)
    body = {"contentIds": [first.pk, second.pk], "updates": {"tokenGating": wanted}}
    call(alice).post(METADATA, body)
    work()
    assert Content.objects.get(pk=first.pk).token_gating == after
    # The item beside it has no token of its own, and gets none of the other's.
    expected = {"enabled": True} if wanted is True else after if isinstance(wanted, dict) else {}
    assert Content.objects.get(pk=second.pk).token_gating == expected


def test_fields_written_per_item(call, alice, wallet_of, work):
    first, second, third = make_contents(wallet_of(alice), 3)
    Content.objects.filter(pk=first.pk).update(title="Same")
    Content.objects.filter(pk=second.pk).update(refundable=True)
    updates = {"title": "Same", "refundable": True}
    ids = [first.pk, second.pk, third.pk]
    call(alice).post(METADATA, {"contentIds": ids, "updates": updates})
    work()
    changed = {row.content_id: row.change.after for row in BatchItem.objects.all()}
    assert changed[first.pk] == {"refundable": True}
    assert changed[second.pk] == {"title": "Same"}
    assert changed[third.pk] == updates


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("update-metadata", {}, "Give at least one field to change."),
        ("update-metadata", {"title": "a" * 256}, "256 characters"),
        ("update-metadata", {"title": "a\u202eb"}, "character that can"),
        ("update-metadata", {"content_type": "film"}, "valid choice"),
        ("update-metadata", {"refund_window_days": "366"}, "between 0 and 365"),
        ("update-metadata", {"refund_window_days": "1_0"}, "Enter a whole number."),
        ("update-metadata", {"token_contract": "SP1.club"}, "Choose Yes"),
        ("update-metadata", {"description": "a", "clear_description": "on"}, "not both"),
        ("remove-content", {"removal_reason": "a" * 501}, "501 characters"),
        ("remove-content", {"removal_reason": "a", "error_policy": "x"}, "valid choice"),
    ],
)
def test_forms_refuse_in_the_same_words(signed_in, alice, item, kind, typed, words):
    data = {"step": "review", "ids": item.pk, **typed}
    answer = signed_in(alice).post(f"/batches/new/{kind}", data)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Submission.objects.exists()
