"""The page at which it is changed when batches begin, when they end, and what they wait for."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from batches.admin.widgets import apply_unfold_widgets
from batches.errors import Invalid, NothingToDo
from batches.forms.schedule import WaitingForm
from batches.models import BatchOperation, Status
from batches.operations import operation_for
from batches.services.runs.draft import Waiting
from batches.services.runs.plans import plan_anew

BEGUN = "It has begun already, so nothing was changed."


def plan(
    request: HttpRequest, batches: Sequence[BatchOperation], context: dict[str, Any]
) -> HttpResponse:
    """Ask, and keep what is answered; then, and once all have begun, to `back_url`."""
    pending = [batch for batch in batches if batch.status == Status.PENDING]
    if not pending:
        messages.warning(request, BEGUN)
        return redirect(context["back_url"])
    first, user = pending[0], request.user
    form = WaitingForm(
        request.POST if request.method == "POST" else None,
        user=user,  # type: ignore[arg-type]
        operation=operation_for(first),
        waiting=Waiting(
            first.scheduled_for,
            first.until,
            tuple(first.dependencies.values_list("parent_id", "when")),
        ),
        besides=[batch.pk for batch in batches],
    )
    if form.is_valid():
        try:
            plan_anew(batches, form.wanted(), by=user)  # type: ignore[arg-type]
        except Invalid as error:
            add_errors(form, error)
        except NothingToDo:
            messages.warning(request, BEGUN)
            return redirect(context["back_url"])
        else:
            messages.success(request, "Saved. What has not begun begins as you said.")
            return redirect(context["back_url"])
    apply_unfold_widgets(form)
    context |= {"title": "When it starts", "form": form, "save": "Save"}
    return TemplateResponse(request, "batches/admin/waiting_form.html", context)


def add_errors(form: WaitingForm, error: Invalid) -> None:
    """Show what a service refused beside the field that it is about."""
    fields = {"scheduledFor": "scheduled_for", "until": "until"}
    for path, words in error.errors.items():
        name = fields.get(path)
        form.add_error(name if name in form.fields else None, words)
