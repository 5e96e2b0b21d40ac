"""Show the form for a selection, and prepare a submission from it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from batches.errors import Invalid, NotAllowed
from batches.forms.operation import FORMS
from batches.forms.schedule import ScheduleForm
from batches.models import Source, Submission
from batches.operations import OPERATIONS
from batches.services.orders.schedule import Schedule
from batches.services.runs.draft import MAX_ITEMS, draft, keep_draft
from content.forms import ContentFilterForm
from content.http import AuthenticatedHttpRequest
from content.models import Content

NOTHING_SELECTED = "Choose at least one item first."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def batch_prepare(request: AuthenticatedHttpRequest, kind: str) -> HttpResponse:
    """Show the form of a kind for the posted selection; with `step=review`, prepare it.

    GET with `again=<submission>` fills the form with the values of that submission.
    """
    operation = OPERATIONS.get(kind)
    if operation is None:
        raise Http404
    earlier = _previous_draft(request, kind)
    content_ids = earlier.content_ids if earlier else selected_ids(request)
    if not content_ids:
        if request.method == "POST":  # GET: a reload or the redirect after the log-in
            messages.error(request, NOTHING_SELECTED)
        return redirect("content-list")
    form_type, user = FORMS[kind], request.user
    if earlier:
        form = form_type.prepared(earlier.payload, earlier.error_policy)
        schedule = ScheduleForm(user=user, operation=operation, was=Schedule.of_submission(earlier))
    else:
        # A form without fields of its own is complete as it is.
        is_filled_in = request.POST.get("step") == "review" or not form_type.paths
        data = request.POST if is_filled_in else None
        form = form_type(data)
        schedule = ScheduleForm(data, user=user, operation=operation)
    problems: list[str] = []
    if form.is_valid() and schedule.is_valid():
        try:
            submission = keep_draft(
                draft(
                    by=user,
                    source=Source.PAGE,
                    operation=operation,
                    payload=form.payload(),
                    content_ids=content_ids,
                    error_policy=form.cleaned_data["error_policy"],
                    schedule=schedule.value(),
                )
            )
        except NotAllowed as error:
            raise PermissionDenied(error.message) from error
        except Invalid as error:
            problems = [words for messages_ in error.errors.values() for words in messages_]
        else:
            return redirect("submission-detail", submission.pk)
    context = {
        "operation": operation,
        "form": form,
        "schedule": schedule,
        "problems": problems,
        "content_ids": " ".join(content_ids),
        "count": len(content_ids),
    }
    status = 400 if form.errors or schedule.errors or problems else 200
    return render(request, "batches/batch_prepare.html", context, status=status)


def _previous_draft(request: AuthenticatedHttpRequest, kind: str) -> Submission | None:
    """Return the user's own submission that is to be prepared again."""
    try:
        key = UUID(request.GET.get("again", ""))
    except ValueError:
        return None
    own = Submission.objects.filter(by_id=request.user.pk, kind=kind, follows="")
    found = own.filter(pk=key).first() if request.method == "GET" else None
    return None if found is None or found.item_payloads else found


def selected_ids(request: AuthenticatedHttpRequest) -> list[str]:
    """Return the selected ids; with `all`, those of own content that matches the filter now.

    Each field `ids` has one id, or several separated by spaces, which ids can't contain.
    """
    if not request.POST.get("all"):
        return list(dict.fromkeys(" ".join(request.POST.getlist("ids")).split()))
    form = ContentFilterForm(QueryDict(request.POST.get("query", "")))
    own = Content.objects.owned_by(request.user)
    # One more than allowed, so that too many are refused instead of truncated.
    return list(form.matching(own).values_list("pk", flat=True)[: MAX_ITEMS + 1])
