"""The list of batches, and one batch with its results."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from batches.downloads import batch_file
from batches.forms.filters import BatchFilterForm
from batches.models import BatchOperation, Submission, sees_all
from batches.operations import describe, known_operation
from batches.result_tabs import ResultTabs
from batches.services.orders.preview import preview_batch
from batches.services.results.results import (
    left_of,
    results_of,
    sisters_of,
    titles_of,
    totals_of,
)
from batches.services.results.run import Run
from batches.views.run_context import run_context
from batches.views.run_progress import NO_CONTENT, answer_poll, is_up_to_date, progress_of
from content.http import AuthenticatedHttpRequest

ROWS_A_PAGE = 50


@login_required
@require_safe
def batch_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List own batches, or all for staff, newest first."""
    user = request.user
    visible = BatchOperation.objects.visible_to(user)
    form = BatchFilterForm(request.GET, user=user)
    if form.is_valid() and form.cleaned_data.get("own"):
        visible = visible.owned_by(user)
    batches = form.matching(visible).select_related("creator", "requested_by").without_items()
    page = Paginator(batches, ROWS_A_PAGE).get_page(request.GET.get("page"))
    sisters = sisters_of(page, user)
    context = {
        "form": form,
        "page": page,
        "rows": [(batch, describe(batch), sisters.get(batch.submission_id, 0)) for batch in page],
        "sees_all": sees_all(user),
        "has_any": bool(page.paginator.count) or visible.exists(),
    }
    return render(request, "batches/batch_list.html", context)


@login_required
@require_safe
def batch_detail(request: AuthenticatedHttpRequest, batch_id: UUID) -> HttpResponse:
    """Show one batch: its progress, and the result of each item, failures first."""
    batch, user = _visible(request, batch_id), request.user
    run = Run([batch])
    progress = progress_of(run)
    if is_up_to_date(request, progress):
        return HttpResponse(status=NO_CONTENT)
    tabs = ResultTabs.read(request.GET, totals_of(batch), is_finished=batch.is_finished)
    items = batch.items.matching(outcome=tabs.outcome, code=tabs.code).failures_first()
    results = [] if tabs.shows_left else results_of(batch, items)
    left = [key for _, key in left_of([batch])] if tabs.shows_left else []
    titles = titles_of((batch, key) for key in [*(row.content_id for row in results), *left])
    context = {
        "batch": batch,
        "operation": known_operation(batch),
        "description": describe(batch),
        "progress": progress,
        "tabs": tabs,
        "rows": [(result, titles.get((batch.pk, result.content_id))) for result in results],
        "left": [(key, titles.get((batch.pk, key))) for key in left],
        "submission": _submission(request, batch),
        "rehearsal": preview_batch(batch) if batch.is_blocked else None,
        **run_context(run, user, tabs.totals),
    }
    return answer_poll(
        request,
        progress,
        page="batches/batch_detail.html",
        partial="batches/_batch_progress.html",
        context=context,
    )


@login_required
@require_safe
def batch_results(request: AuthenticatedHttpRequest, batch_id: UUID) -> HttpResponse:
    """Download the results: all, or those that the page shows."""
    batch = _visible(request, batch_id)
    tabs = ResultTabs.read(request.GET, totals_of(batch), is_finished=batch.is_finished)
    return batch_file(batch, outcome=tabs.outcome, code=tabs.code)


def _visible(request: AuthenticatedHttpRequest, batch_id: UUID) -> BatchOperation:
    visible = BatchOperation.objects.visible_to(request.user).filter(pk=batch_id)
    batch = visible.select_related("creator", "requested_by").first()
    if batch is None:
        raise Http404
    return batch


def _submission(request: AuthenticatedHttpRequest, batch: BatchOperation) -> Submission | None:
    """Return the batch's submission, if the user may see it."""
    if batch.submission_id is None:
        return None
    visible = Submission.objects.visible_to(request.user)
    return visible.filter(pk=batch.submission_id).first()
