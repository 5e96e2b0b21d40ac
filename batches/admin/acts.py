"""What can be done with a batch, or with a run of several, by whoever looks at it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from batches.models import BatchOperation, Status, Submission
from batches.operations import OPERATIONS, operation_for
from batches.operations.base import CONFLICT
from batches.operations.undo import UNDO
from batches.services.orders.lineage import changed_count, has_more_to_undo, tried_already
from batches.services.permissions import may_direct, may_direct_all, may_run_for_others
from content.models import User


@dataclass(frozen=True)
class Act:
    """A button that posts, or a link to a page that asks for more."""

    label: str
    url: str
    is_link: bool = False
    is_first: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


def acts_on_batch(batch: BatchOperation, user: User, codes: Mapping[str, int]) -> list[Act]:
    """In the order in which they are shown; `codes` counts the failed items by reason."""
    if batch.kind not in OPERATIONS:
        return []
    name = "admin:batches_batchoperation"
    acts = _while_waiting(name, [batch]) if may_direct(user, batch) else []
    acts += _afterwards(name, [batch], user, codes)
    if _is_repeatable(batch) and may_run_for_others(user, operation_for(batch)):
        page = reverse("admin:batches_template_add")
        query = urlencode({"batch": batch.pk})
        acts.append(Act("Keep as a template", f"{page}?{query}", is_link=True))
    return acts


def acts_on_submission(
    submission: Submission,
    batches: Sequence[BatchOperation],
    user: User,
    codes: Mapping[str, int],
) -> list[Act]:
    """The same of all that was started together."""
    if submission.kind not in OPERATIONS or not batches:
        return []
    name = "admin:batches_submission"
    acts = _while_waiting(name, batches, submission) if may_direct_all(user, submission) else []
    return [*acts, *_afterwards(name, batches, user, codes, submission)]


def _while_waiting(name: str, batches: Sequence[BatchOperation], of: Any = None) -> list[Act]:
    of = of or batches[0]
    acts = []
    waiting = [batch for batch in batches if batch.status == Status.PENDING]
    if any(batch.scheduled_for and batch.scheduled_for > timezone.now() for batch in waiting):
        acts.append(Act("Start now", _url(name, "begin", of)))
    if any(batch.is_paused for batch in waiting):
        acts.append(Act("Let it go on", _url(name, "resume", of), is_first=True))
    if any(not batch.is_paused for batch in waiting):
        acts.append(Act("Hold", _url(name, "hold", of)))
    if waiting:
        acts.append(Act("Change when it starts", _url(name, "when", of), is_link=True))
    if any(not batch.is_finished for batch in batches):
        acts.append(Act("Cancel what has not ended", _url(name, "cancel", of)))
    return acts


def _afterwards(
    name: str,
    batches: Sequence[BatchOperation],
    user: User,
    codes: Mapping[str, int],
    of: Any = None,
) -> list[Act]:
    of = of or batches[0]
    if not all(batch.is_finished for batch in batches):
        return []
    if not may_run_for_others(user, operation_for(batches[0])):
        return []
    acts = []
    failed = sum(batch.failure_count for batch in batches)
    failed += sum(
        batch.total_items - batch.done_count for batch in batches if batch.status == Status.FAILED
    )
    tried = tried_already(batches) if failed else Counter[str]()
    failed -= tried.total()
    if failed:
        words = "the 1 item" if failed == 1 else f"the {failed:,} items"
        acts.append(Act(f"Try {words} that failed again", _url(name, "retry", of), is_first=True))
    if (changed := codes.get(CONFLICT, 0) - tried[CONFLICT]) and changed != failed:
        words = f"Look again at the {changed:,} that changed meanwhile"
        acts.append(Act(words, _url(name, "retry", of), fields={"code": CONFLICT}))
    undos = BatchOperation.objects.filter(undo_of_id__in=[batch.pk for batch in batches])
    if changed_count(batches) and has_more_to_undo(batches, list(undos)):
        acts.append(Act("Undo", _url(name, "undo", of)))
    return acts


def _is_repeatable(batch: BatchOperation) -> bool:
    return UNDO not in batch.payload and not batch.item_payloads


def _url(name: str, page: str, of: Any) -> str:
    return reverse(f"{name}_{page}", args=[of.pk])
