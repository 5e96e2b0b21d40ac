"""A run is controlled by users who may control every batch of it, including hidden ones."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Status
from batches.services.results.run import run_of
from content.models import User
from tests.batches.orders import price_run
from tests.conftest import grant
from tests.factories import make_contents

PAGE_ACTIONS = ("start", "hold", "go-on", "retry", "undo", "when", "cancel")
API_ACTIONS = ("pause", "resume", "retry-failed", "undo", "cancel")
ADMIN_ACTIONS = ("start", "pause", "resume", "reschedule", "cancel")


def started_by(person, *wallets):
    """A run on an item of each of these, which waits for tomorrow."""
    keys = [make_contents(wallet)[0].pk for wallet in wallets]
    return price_run(person, keys, scheduled_for=timezone.now() + timedelta(days=1))


@pytest.fixture
def run(alice, bob, wallet_of):
    """Prepared by alice, on items of hers and of bob's, while she was staff."""
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    clerk = grant(alice, "view_content", "run_update_price")
    return started_by(clerk, wallet_of(alice), wallet_of(bob))


@pytest.fixture
def former(run, alice) -> User:
    """Alice, who lost the rights of staff and still sells."""
    alice.user_permissions.clear()
    User.objects.filter(pk=alice.pk).update(is_staff=False)
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def unchanged(run):
    rows = BatchOperation.objects.order_by("pk")
    before = list(rows.values())
    return lambda: list(rows.values()) == before


@pytest.mark.parametrize("action", PAGE_ACTIONS)
def test_pages_refuse_partly_foreign_run(signed_in, run, former, unchanged, action):
    answer = signed_in(former).post(f"/submissions/{run.pk}/{action}")
    assert answer.status_code == 403
    assert unchanged()


def test_partial_run_page_has_no_actions(signed_in, run, former):
    answer = signed_in(former).get(f"/submissions/{run.pk}")
    assert answer.status_code == 200
    page = answer.content.decode()
    for action in PAGE_ACTIONS:
        assert f"/submissions/{run.pk}/{action}" not in page


@pytest.mark.parametrize("action", API_ACTIONS)
def test_the_api_refuses_it(call, run, former, unchanged, action):
    assert call(former).get(f"/api/submissions/{run.pk}").status_code == 200
    answer = call(former).post(f"/api/submissions/{run.pk}/{action}")
    assert answer.status_code == 403
    assert unchanged()


@pytest.mark.parametrize("action", ADMIN_ACTIONS)
def test_the_admin_refuses_it(signed_in, run, former, unchanged, action):
    """To whom kept the admin and lost the right to run."""
    User.objects.filter(pk=former.pk).update(is_staff=True)
    url = reverse(f"admin:batches_submission_{action}", args=[run.pk])
    assert signed_in(former).post(url).status_code == 403
    assert unchanged()


@pytest.mark.parametrize("has_ended", [False, True])
@pytest.mark.parametrize("by", [(), ("--as", "alice")])
def test_the_command_refuses_it(run, former, work, unchanged, has_ended, by):
    if has_ended:
        BatchOperation.objects.update(scheduled_for=None)
        work()
    before = list(BatchOperation.objects.order_by("pk").values())
    for verb in ("start", "pause", "resume", "cancel", "retry", "undo"):
        with pytest.raises(SystemExit) as end:
            call_command("run_batch", verb, str(run.pk), *by)
        assert end.value.code == 2, verb
    assert list(BatchOperation.objects.order_by("pk").values()) == before


def test_own_batch_of_run_still_controllable(signed_in, run, former, wallet_of):
    own = BatchOperation.objects.get(creator=wallet_of(former))
    signed_in(former).post(f"/batches/{own.pk}/cancel")
    assert BatchOperation.objects.get(status=Status.CANCELLED) == own


def test_control_of_every_batch_controls_run(signed_in, run, alice, bob, staff):
    assert run_of(run).may_be_controlled_by(staff)
    assert not run_of(run).may_be_controlled_by(bob)
    signed_in(staff).post(f"/submissions/{run.pk}/hold")
    assert set(BatchOperation.objects.values_list("is_paused", flat=True)) == {True}


def test_permission_queries_constant(settings, bob, wallet_of):
    settings.BATCH_MAX_ITEMS = 1
    few, many = (started_by(bob, *[wallet_of(bob)] * count) for count in (1, 9))

    def cost(submission):
        run = run_of(submission)
        with CaptureQueriesContext(connection) as captured:
            assert run.may_be_controlled_by(bob)
        return len(captured)

    assert cost(few) == cost(many) == 1
