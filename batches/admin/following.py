"""Trying again and putting back: prepared here, and started at the review that follows."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from batches.admin.widgets import require_right
from batches.errors import NotAllowed, NothingToDo
from batches.models import BatchOperation, Follows, Source
from batches.operations import OPERATIONS, operation_for
from batches.operations.base import REFUSALS
from batches.services.runs.follow_up import prepare_follow_up


def begin_following(
    request: HttpRequest,
    batches: Sequence[BatchOperation],
    follows: Follows,
    *,
    back: HttpResponse,
) -> HttpResponse:
    """To the review of what follows upon these batches, or back with the reason why there is none.

    Of all that was changed or failed; or of the one item, or the reason, that is posted.
    """
    for batch in batches:
        if batch.kind not in OPERATIONS:
            raise Http404
        require_right(request, operation_for(batch))
    item, code = request.POST.get("content_id"), request.POST.get("code", "")
    user: Any = request.user
    try:
        submission = prepare_follow_up(
            batches,
            follows,
            by=user,
            source=Source.ADMIN,
            content_ids=[item] if item else None,
            code=code if code in REFUSALS else "",
        )
    except (NothingToDo, NotAllowed) as error:
        # The right was checked above: not one of the items is the creator's any more.
        messages.warning(request, error.message)
        return back
    return redirect("admin:batches_submission_review", submission.pk)
