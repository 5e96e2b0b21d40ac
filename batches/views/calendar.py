"""The calendar."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from batches.models import sees_all
from batches.services.pages.actions import Actions
from batches.services.pages.agenda import AgendaEntry, agenda_of
from batches.services.permissions import may_control
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


def _rows(entries: Sequence[AgendaEntry], user: User) -> list[tuple[AgendaEntry, Actions | bool]]:
    """Each entry with the actions on its batches, or whether its template may be changed."""
    return [
        (entry, may_control(user, entry.template) if entry.template else entry.actions(user))
        for entry in entries
    ]
