"""What people do with a batch, or with all that was started together; each is a POST of its own.

By GET they lead to the page of the batch, but for the form of its time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batches.errors import Invalid, InvalidTransition, NotAllowed, NothingToDo
from batches.forms.schedule import WaitingForm
from batches.models import BatchOperation, Follows, Source, Status, Submission
from batches.operations import OPERATIONS, describe, operation_for
from batches.operations.base import REFUSALS
from batches.services.permissions import may_direct, may_direct_all
from batches.services.results.progress import progress_of
from batches.services.runs import schedule
from batches.services.runs.draft import Waiting
from batches.services.runs.follow_up import prepare_follow_up
from batches.services.runs.plans import BEGUN, plan_anew, start_now
from content.models import User

# Where a button may lead back to, besides the page of what it is about.
PLACES = {"coming"}


@dataclass(frozen=True)
class Target:
    """What an action is about."""

    request: HttpRequest
    batches: list[BatchOperation]
    # Where what was started together is meant.
    submission: Submission | None = None

    @property
    def user(self) -> User:
        return cast("User", self.request.user)

    @property
    def name(self) -> str:
        """What the names of its URLs begin with."""
        return "submission" if self.submission else "batch"

    @property
    def key(self) -> UUID:
        return self.submission.pk if self.submission else self.batches[0].pk

    @property
    def url(self) -> str:
        return reverse(f"{self.name}-detail", args=[self.key])

    @property
    def is_allowed(self) -> bool:
        """Of a run the hidden batches count too: it is held and released as a whole."""
        if self.submission:
            return may_direct_all(self.user, self.submission)
        return may_direct(self.user, self.batches[0])

    @property
    def pending(self) -> list[BatchOperation]:
        return [batch for batch in self.batches if batch.status == Status.PENDING]


Action = Callable[[Target], HttpResponse | None]


def batch_view(action: Action) -> Callable[..., HttpResponse]:
    """The view of an action on one batch."""

    @login_required
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, batch_id: UUID) -> HttpResponse:
        visible = BatchOperation.objects.visible_to(cast("User", request.user)).filter(pk=batch_id)
        batch = visible.select_related("creator").first()
        if batch is None:
            raise Http404
        return _act(Target(request, [batch]), action)

    return view


def submission_view(action: Action) -> Callable[..., HttpResponse]:
    """The view of an action on all that was started together."""

    @login_required
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, submission_id: UUID) -> HttpResponse:
        user = cast("User", request.user)
        submission = Submission.objects.visible_to(user).filter(pk=submission_id).first()
        if submission is None or submission.kind not in OPERATIONS:
            raise Http404
        batches = list(progress_of(submission, user).batches)
        if not batches:
            raise Http404
        return _act(Target(request, batches, submission), action)

    return view


def _act(target: Target, action: Action) -> HttpResponse:
    if target.request.method != "POST" and action is not change_when:
        return redirect(target.url)
    if not target.is_allowed:
        raise PermissionDenied("You may not change this batch.")
    try:
        answer = action(target)
    except InvalidTransition:
        messages.error(target.request, BEGUN)
    except (NothingToDo, NotAllowed) as error:
        # The right was checked above: not one of the items is the creator's any more.
        messages.error(target.request, error.message)
    else:
        if answer is not None:
            return answer
    return redirect(way_back(target.request) or target.url)


def way_back(request: HttpRequest) -> str | None:
    """The page that a button stood on, where it names one."""
    place = request.POST.get("next", "")
    return reverse(place) if place in PLACES else None


def start(target: Target) -> None:
    """Begin now, whatever its time."""
    start_now(target.batches)
    messages.success(target.request, "It begins as soon as a worker is free.")


def hold(target: Target) -> None:
    if target.submission:
        schedule.pause_submission(target.submission)
    else:
        schedule.pause(target.batches[0])
    messages.success(target.request, "On hold. What has not begun waits until you let it go on.")


def go_on(target: Target) -> None:
    if target.submission:
        schedule.resume_submission(target.submission)
    else:
        schedule.resume(target.batches[0])
    messages.success(target.request, "It goes on.")


def retry(target: Target) -> HttpResponse:
    """Prepare what failed once more; with `code` only what failed with that."""
    code = target.request.POST.get("code", "")
    return _prepare(target, Follows.RETRY, code=code if code in REFUSALS else "")


def undo(target: Target) -> HttpResponse:
    """Prepare to put back what was changed; with `content_id` on that item alone."""
    return _prepare(target, Follows.UNDO, content_id=target.request.POST.get("content_id", ""))


def _prepare(
    target: Target, follows: Follows, *, code: str = "", content_id: str = ""
) -> HttpResponse:
    submission = prepare_follow_up(
        target.batches,
        follows,
        by=target.user,
        source=Source.PAGE,
        code=code,
        content_ids=[content_id] if content_id else None,
    )
    return redirect("submission-detail", submission.pk)


def change_when(target: Target) -> HttpResponse | None:
    """The form of what has not begun: its time, its end, what it waits for."""
    if not target.pending:
        raise NothingToDo(BEGUN)
    first = target.pending[0]
    links = tuple(first.dependencies.values_list("parent_id", "when"))
    form = WaitingForm(
        target.request.POST if target.request.method == "POST" else None,
        user=target.user,
        operation=operation_for(first),
        waiting=Waiting(first.scheduled_for, first.until, links),
        besides=[batch.pk for batch in target.batches],
    )
    if form.is_valid():
        try:
            plan_anew(target.batches, form.wanted(), by=target.user)
        except Invalid as error:
            fields = {"scheduledFor": "scheduled_for", "until": "until"}
            for path, words in error.errors.items():
                form.add_error(fields.get(path), words)
        else:
            messages.success(target.request, "Kept. It begins as you said.")
            return None
    context = {
        "form": form,
        "target": target,
        "description": describe(first),
        "next": target.request.POST.get("next") or target.request.GET.get("next", ""),
    }
    status = 400 if form.errors else 200
    return render(target.request, "batches/when.html", context, status=status)


# By the last part of their paths.
ACTIONS: dict[str, Action] = {
    "start": start,
    "hold": hold,
    "go-on": go_on,
    "retry": retry,
    "undo": undo,
    "when": change_when,
}
