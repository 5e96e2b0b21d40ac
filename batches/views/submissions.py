"""Review and start a submission, and show the progress of its run."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from batches.downloads import submission_file
from batches.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    NothingToDo,
    QuotaExceeded,
    SubmissionUsed,
)
from batches.forms.operation import FORMS
from batches.models import BatchItem, Submission
from batches.operations import OPERATIONS, describe, operation_for
from batches.rules import REJECT_ALL
from batches.services.orders.preview import PreviewItem
from batches.services.pages.notes import draft_notes
from batches.services.quota import need_of
from batches.services.results.results import failures_of, left_of, titles_of, totals_of
from batches.services.results.run import find_submission_run, run_of
from batches.services.runs.confirm import (
    check_typed_count,
    confirm,
    count_to_type,
    preview_submission,
)
from batches.services.runs.draft import discard
from batches.services.runs.split import batches_needed, contents_of
from batches.views.run_context import run_context
from batches.views.run_progress import NO_CONTENT, answer_poll, is_up_to_date, progress_of
from content.http import AuthenticatedHttpRequest

ROWS_A_PAGE = 100
REFUSALS_SHOWN = 50
FAILED_SHOWN = 20
LEFT_SHOWN = 25


@login_required
@require_safe
def submission_detail(request: AuthenticatedHttpRequest, submission_id: UUID) -> HttpResponse:
    """Show the review before the start, and the progress after it."""
    submission = _visible(request, submission_id)
    if submission.state == Submission.State.CONFIRMED:
        return _progress(request, submission)
    if submission.expires_at <= timezone.now():
        return render(request, "batches/submission_expired.html", _about(request, submission))
    return _review(request, submission)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submission_confirm(request: AuthenticatedHttpRequest, submission_id: UUID) -> HttpResponse:
    """Start it; if it was already started or has expired, its page shows that."""
    submission = _visible(request, submission_id)
    if request.method == "POST":
        try:
            check_typed_count(submission, request.POST.get("count", ""))
            confirm(submission.pk, by=request.user)
        except SubmissionUsed:
            pass
        except QuotaExceeded as error:
            return _review(request, submission, problem=error.message, status=429)
        except Invalid as error:
            return _review(request, submission, problem=error.message, status=400)
        except NothingToDo as error:  # someone else was faster
            return _review(request, submission, problem=error.message, status=409)
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
    return redirect("submission-detail", submission.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submission_discard(request: AuthenticatedHttpRequest, submission_id: UUID) -> HttpResponse:
    """Discard a draft; only the user who prepared it can."""
    submission = _visible(request, submission_id)
    if request.method == "POST":
        try:
            discard(submission.pk, by=request.user)
        except SubmissionUsed:
            return redirect("submission-detail", submission.pk)
        messages.success(request, "Draft discarded. Nothing was changed.")
    return redirect("content-list")


@login_required
@require_safe
def submission_results(request: AuthenticatedHttpRequest, submission_id: UUID) -> HttpResponseBase:
    """Download the results of all its batches, or those with an `outcome`."""
    try:
        run = find_submission_run(submission_id, by=request.user)
    except NotFound:
        raise Http404 from None
    assert run.submission is not None
    outcome = request.GET.get("outcome", "")
    if outcome not in BatchItem.Outcome.values:
        outcome = ""
    return submission_file(run.submission, run.batches, outcome=outcome)


def _review(
    request: AuthenticatedHttpRequest,
    submission: Submission,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    try:
        contents = contents_of(submission)
        preview = preview_submission(submission, contents)
        needed = batches_needed(submission, contents)
    except NotAllowed as error:  # the items have new owners
        raise PermissionDenied(error.message) from error
    needs = [need_of(wallet, count, by=submission.by) for wallet, count in needed.items()]
    is_strict = submission.error_policy == REJECT_ALL
    refused = preview.refused
    changing = sorted(preview.changing, key=_price_difference, reverse=True)
    context = _about(request, submission) | {
        "preview": preview,
        "page": Paginator(changing, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "refused": refused[:REFUSALS_SHOWN],
        "refused_left": max(0, len(refused) - REFUSALS_SHOWN),
        "needs": needs,
        "batch_count": sum(need.batches for need in needs),
        "most_items": settings.BATCH_MAX_ITEMS,
        "count_to_type": count_to_type(submission, preview),
        "is_startable": bool(preview.change_count)
        and not any(need.is_too_much for need in needs)
        and not (is_strict and refused),
        "is_strict": is_strict,
        "cautions": operation_for(submission).cautions(preview.afters),
        # A follow-up or a price file has no form to go back to.
        "can_go_back": not submission.follows and not submission.item_payloads,
        "moves_first": preview.moves is not None,
        "asks_something": bool(FORMS[submission.kind].paths),
        "notes": draft_notes(submission, request.user),
        "problem": problem,
    }
    return render(request, "batches/submission_review.html", context, status=status)


def _progress(request: AuthenticatedHttpRequest, submission: Submission) -> HttpResponse:
    user = request.user
    run = run_of(submission, user)
    if not run.batches:  # the wallets have new owners
        raise Http404
    progress = progress_of(run)
    if is_up_to_date(request, progress):
        return HttpResponse(status=NO_CONTENT)
    # Items of running batches may still be processed.
    left = left_of([batch for batch in run.batches if batch.is_finished])
    failed = failures_of(run.batches, FAILED_SHOWN)
    titles = titles_of([*left[:LEFT_SHOWN], *((batch, row.content_id) for batch, row in failed)])
    context = _about(request, submission) | {
        "progress": progress,
        "left": [(key, titles.get((batch.pk, key))) for batch, key in left[:LEFT_SHOWN]],
        "left_count": len(left),
        "failed": [(batch, row, titles.get((batch.pk, row.content_id))) for batch, row in failed],
        **run_context(run, user, totals_of(*run.batches)),
    }
    return answer_poll(
        request,
        progress,
        page="batches/submission_progress.html",
        partial="batches/_submission_progress.html",
        context=context,
    )


def _visible(request: AuthenticatedHttpRequest, submission_id: UUID) -> Submission:
    visible = Submission.objects.visible_to(request.user).filter(pk=submission_id)
    submission = visible.select_related("by").first()
    if submission is None or submission.kind not in OPERATIONS:
        raise Http404
    return submission


def _about(request: AuthenticatedHttpRequest, submission: Submission) -> dict[str, Any]:
    operation = operation_for(submission)
    return {
        "submission": submission,
        "operation": operation,
        "description": describe(submission),
        "is_own": submission.by_id == request.user.pk,
        "count": len(submission.content_ids),
        # The batch that it retries or undoes, or the first of several.
        "origin": next((key for key in submission.origins if key), None),
    }


def _price_difference(item: PreviewItem) -> int:
    """Return by how many micro-STX the price changes."""
    before, after = item.before or {}, item.after or {}
    return abs(after["price"] - before["price"]) if "price" in after and "price" in before else 0
