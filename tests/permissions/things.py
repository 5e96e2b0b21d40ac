"""Existing batches and templates of alice and staff, by the keys that rows use."""

from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from batches.models import BatchOperation, Source, Submission
from batches.operations import OPERATIONS
from batches.services.engine.lifecycle import cancel
from batches.services.engine.run_batch import run_batch
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.runs.confirm import confirm
from batches.services.runs.draft import draft, keep_draft
from content.models import ApiToken, Content, User, Wallet
from tests.batches.orders import make_template, price_batch
from tests.factories import make_contents

_prices = count(50)


def make_things(alice: User, staff: User) -> dict[str, str]:
    address = Wallet.objects.get(owner=alice).pk
    (content,) = make_contents(Wallet.objects.get(pk=address))
    item = content.pk
    token, _ = ApiToken.objects.create(user=alice, name="alice's own")
    ended = price_batch(alice, [item])
    cancel(ended)
    started = _draft(alice, Source.PAGE, item)
    confirm(started.pk, by=alice)
    done = _started_together(alice, item)
    run_batch(done.pk)  # to its end, with an item that fails
    coming = _started_together(alice, item, timezone.now() + timedelta(days=1))
    keys = {
        "address": address,
        "item": item,
        "version": Content.objects.get(pk=item).version,
        "token": token.token_key,
        "batch": price_batch(alice, [item]).pk,
        "ended": ended.pk,
        "draft": _draft(alice, Source.PAGE, item).pk,
        "prepared": _draft(staff, Source.ADMIN, item).pk,
        "started": started.pk,
        "done": done.pk,
        "done_group": done.submission_id,
        "coming": coming.pk,
        "coming_group": coming.submission_id,
        "template": make_template(
            alice, contentIds=[item], repeat="daily", firstRun="2026-01-01T09:00"
        ).pk,
    }
    return {name: str(key) for name, key in keys.items()}


def _draft(
    by: User, source: Source, *content_ids: str, price: int = 5, schedule: Schedule = AT_ONCE
) -> Submission:
    return keep_draft(
        draft(
            by=by,
            source=source,
            operation=OPERATIONS["update-price"],
            payload={"newPrice": price},
            content_ids=list(content_ids),
            schedule=schedule,
        )
    )


def _started_together(
    alice: User, item: str, scheduled_for: datetime | None = None
) -> BatchOperation:
    schedule = Schedule(scheduled_for=scheduled_for)
    made = _draft(alice, Source.PAGE, item, "unknown", price=next(_prices), schedule=schedule)
    confirm(made.pk, by=alice)
    return BatchOperation.objects.get(submission=made)
