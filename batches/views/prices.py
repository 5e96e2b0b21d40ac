"""Prices from a file: upload, errors, review; and export of the current prices."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from batches.downloads import prices_answer
from batches.errors import Invalid, NotAllowed
from batches.forms.prices import PriceFileForm
from batches.forms.schedule import ScheduleForm
from batches.models import Source
from batches.services.runs import price_file
from batches.services.runs.draft import keep_draft
from batches.services.runs.price_drafts import draft_prices, without_unchanged
from batches.services.runs.price_lines import OPERATION
from content.forms import ContentFilterForm
from content.http import AuthenticatedHttpRequest
from content.models import Content, Wallet


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def content_prices(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Upload a file; list invalid lines, or continue to the review."""
    user = request.user
    is_sent = request.method == "POST"
    form = PriceFileForm(request.POST, request.FILES) if is_sent else PriceFileForm()
    schedule = ScheduleForm(request.POST if is_sent else None, user=user, operation=OPERATION)
    problem, status = "", 200
    if form.is_valid() & schedule.is_valid():
        try:
            prices = without_unchanged(form.prices, schedule.value(), by=user)
            submission = keep_draft(
                draft_prices(
                    prices,
                    by=user,
                    source=Source.PAGE,
                    error_policy=form.cleaned_data["error_policy"],
                    schedule=schedule.value(),
                )
            )
        except NotAllowed as error:
            problem, status = f"{error.message} Check the ids in the file.", 403
        except Invalid as error:
            problem, status = error.message, 400
        else:
            if prices.note:
                messages.info(request, prices.note)
            return redirect("submission-detail", submission.pk)
    query = _filter_of(request)
    own = Content.objects.owned_by(user)
    context = {
        "form": form,
        "schedule": schedule,
        "problem": problem,
        "query": query.urlencode(),
        "count": ContentFilterForm(query).matching(own).count(),
        "is_creator": Wallet.objects.owned_by(user).creators().exists(),
    }
    status = 400 if form.errors or schedule.errors else status
    return render(request, "batches/prices.html", context, status=status)


@login_required
@require_safe
def content_prices_export(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Export the prices of own content that matches the filter, as a file to edit and upload."""
    form = request.GET.get("as", "")
    own = Content.objects.owned_by(request.user)
    try:
        found = ContentFilterForm(request.GET).matching(own).order_by("title", "content_id")
        return prices_answer(found, form if form in price_file.FORMS else price_file.XLSX)
    except Invalid as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('content-list')}?{_filter_of(request).urlencode()}")


def _filter_of(request: HttpRequest) -> QueryDict:
    """Return the part of the query string that filters the list of contents."""
    query = request.GET.copy()
    for name in [*query]:
        if name not in ContentFilterForm.base_fields:
            del query[name]
    return query
