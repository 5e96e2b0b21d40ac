"""The actions on a run, each a view of its own.

POST acts; GET redirects to the page of the run, except for the form of its schedule.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batches.errors import Invalid, InvalidTransition, NotAllowed, NotFound, NothingToDo
from batches.forms.schedule import ScheduleForm
from batches.models import Follows, Source
from batches.operations.base import REFUSALS
from batches.services.results.blockers import next_words
from batches.services.results.run import Run
from batches.services.runs import control
from batches.services.runs.follow_up import prepare_follow_up
from content.http import AuthenticatedHttpRequest

# The pages that a button may return to, besides the page of the run.
PLACES = {"coming"}

Action = Callable[[AuthenticatedHttpRequest, Run], HttpResponse | None]


def run_view(action: Action, find: Callable[..., Run]) -> Callable[..., HttpResponse]:
    """Return the view of an action; `find` looks up the run."""

    @login_required
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: AuthenticatedHttpRequest, **named: UUID) -> HttpResponse:
        (key,) = named.values()
        user = request.user
        try:
            run = find(key, by=user)
        except NotFound:
            raise Http404 from None
        if request.method != "POST" and action is not reschedule:
            return redirect(url_of(run))
        if not run.may_be_controlled_by(user):
            raise PermissionDenied(f"You may not change this {run.noun}.")
        try:
            answer = action(request, run)
        except (InvalidTransition, NothingToDo, NotAllowed) as error:
            # NotAllowed: none of the items belongs to the creator any more.
            messages.error(request, error.message)
        else:
            if answer is not None:
                return answer
        return redirect(return_url(request) or url_of(run))

    return view


def url_of(run: Run) -> str:
    return reverse("submission-detail" if run.submission else "batch-detail", args=[run.key])


def return_url(request: AuthenticatedHttpRequest) -> str | None:
    """Return the URL of the page that the form names in `next`, if it is allowed."""
    place = request.POST.get("next", "")
    return reverse(place) if place in PLACES else None


def start(request: AuthenticatedHttpRequest, run: Run) -> None:
    control.start(run, by=request.user)
    messages.success(request, "It starts as soon as a worker is free.")


def pause(request: AuthenticatedHttpRequest, run: Run) -> None:
    control.pause(run, by=request.user)
    messages.success(request, "Paused. Batches that have not started wait until you resume them.")


def resume(request: AuthenticatedHttpRequest, run: Run) -> None:
    control.resume(run, by=request.user)
    messages.success(request, "Resumed.")


def cancel(request: AuthenticatedHttpRequest, run: Run) -> None:
    control.cancel(run, by=request.user)
    messages.success(request, "Cancelled. Saved items stay saved.")


def retry(request: AuthenticatedHttpRequest, run: Run) -> HttpResponse:
    """Prepare a retry of the failed items; with `code`, only of those that failed with it."""
    code = request.POST.get("code", "")
    return _prepare(request, run, Follows.RETRY, code=code if code in REFUSALS else "")


def undo(request: AuthenticatedHttpRequest, run: Run) -> HttpResponse:
    """Prepare an undo of the changes; with `content_id`, only of that item."""
    item = request.POST.get("content_id", "")
    return _prepare(request, run, Follows.UNDO, content_ids=[item] if item else None)


def _prepare(
    request: AuthenticatedHttpRequest,
    run: Run,
    follows: Follows,
    *,
    code: str = "",
    content_ids: list[str] | None = None,
) -> HttpResponse:
    submission = prepare_follow_up(
        run,
        follows,
        by=request.user,
        source=Source.PAGE,
        code=code,
        content_ids=content_ids,
    )
    return redirect("submission-detail", submission.pk)


def reschedule(request: AuthenticatedHttpRequest, run: Run) -> HttpResponse | None:
    """Show the form for start, end and dependencies of the pending batches."""
    user = request.user
    if not run.pending:
        raise InvalidTransition(run.status, "rescheduled", noun=run.noun)
    form = ScheduleForm.of_run(run, request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        try:
            run = control.reschedule(run, by=user, **form.times())
        except Invalid as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"Saved. {next_words(run)}")
            return None
    context = {
        "form": form,
        "run": run,
        "url": url_of(run),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    status = 400 if form.errors else 200
    return render(request, "batches/reschedule.html", context, status=status)


# The last part of the path and the view of each action.
ACTIONS: dict[str, tuple[str, Action]] = {
    "start": ("start", start),
    "pause": ("hold", pause),
    "resume": ("go-on", resume),
    "reschedule": ("when", reschedule),
    "cancel": ("cancel", cancel),
    "retry": ("retry", retry),
    "undo": ("undo", undo),
}
