"""The calendar."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from batches.models import sees_all
from batches.operations import OPERATIONS
from batches.services.pages.agenda import AgendaEntry, agenda_of
from batches.services.permissions import may_direct, may_run
from content.http import AuthenticatedHttpRequest
from content.models import User


@login_required
@require_safe
def calendar(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Show the calendar of everything that the user may see, with the possible actions."""
    user = request.user
    agenda = agenda_of(user)
    context = {
        "agenda": agenda,
        "days": [(day, _rows(entries, user)) for day, entries in agenda.days],
        "undated": _rows(agenda.undated, user),
        "sees_all": sees_all(user),
    }
    return render(request, "batches/calendar.html", context)


def _rows(entries: Sequence[AgendaEntry], user: User) -> list[tuple[AgendaEntry, bool]]:
    return [(entry, _may_act(entry, user)) for entry in entries]


def _may_act(entry: AgendaEntry, user: User) -> bool:
    if entry.template is not None:
        operation = OPERATIONS.get(entry.template.kind)
        return operation is not None and may_run(user, entry.template.creator, operation)
    # Entries that cover only a part of a run have no actions for the whole run.
    is_whole = len(entry.batches) == 1 or entry.submission_id is not None
    return is_whole and all(may_direct(user, batch) for batch in entry.batches)
