"""Changes between a batch's request and its run are respected."""

import pytest

from batches.models import BatchItem, Status
from batches.services.integrity.verify import verify
from content.models import Content, User, Wallet
from content.services.catalogue.changes import Change, apply_changes, change_content
from tests.conftest import grant, person

WORLDS = ["files", "servers", "documents"]


def codes(batch):
    return dict(BatchItem.objects.filter(batch=batch).values_list("content_id", "code"))


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_19_an_edit_after_the_preview_stays(world, seven):
    seen = dict.fromkeys(seven, 1)
    batch = world.create_batch(seven, body={"newPrice": 5, "expectedVersions": seen})
    alice = User.objects.get(username="alice")
    change_content(seven[0], {"price": 9}, version=1, by=alice, cause="api")

    world.start_worker()

    world.wait_for_end(batch)
    assert (batch.status, batch.success_count, batch.failure_count) == (Status.COMPLETED, 6, 1)
    assert codes(batch) == {**dict.fromkeys(seven, ""), seven[0]: "conflict"}
    edited = Content.objects.get(pk=seven[0])
    assert (edited.price, edited.version, edited.updated_by) == (9, 2, f"user:{alice.pk}")
    assert list(verify()) == []


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_fault_20_transferred_item_unchanged(world, seven):
    batch = world.create_batch(seven)
    bob = Wallet.objects.get(owner=person("bob", is_creator=True))
    given = Content.objects.get(pk=seven[3])
    apply_changes([Change(given, {"creator_id": bob.pk})], by=None, cause="admin")

    world.start_worker()

    world.wait_for_end(batch)
    assert (batch.success_count, batch.failure_count) == (6, 1)
    assert codes(batch) == {**dict.fromkeys(seven, ""), seven[3]: "not-found"}
    given.refresh_from_db()
    assert (given.creator_id, given.version) == (bob.pk, 2)
    assert list(verify()) == []


def test_fault_20_revoked_requester_changes_nothing(world, seven):
    staff = grant(person("staff", is_staff=True), "view_content", "run_update_price")
    address = Wallet.objects.get().pk
    batch = world.create_batch(seven, by="staff", body={"newPrice": 5, "creator": address})
    staff.user_permissions.clear()

    world.start_worker()

    world.wait_for_end(batch)
    assert (batch.status, batch.success_count, batch.failure_count) == (Status.COMPLETED, 0, 7)
    assert codes(batch) == dict.fromkeys(seven, "forbidden")
    assert not Content.objects.filter(version__gt=1).exists()
    assert list(verify()) == []
