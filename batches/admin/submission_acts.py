"""The addresses at which all that was started together is held, moved in time and put back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from batches.admin.following import begin_following
from batches.admin.planning import plan
from batches.errors import ApplicationError
from batches.models import Follows, Submission
from batches.operations import OPERATIONS, describe
from batches.services.permissions import may_direct_all
from batches.services.results.progress import Progress
from batches.services.runs.plans import start_now
from batches.services.runs.schedule import pause_submission, resume_submission

PROGRESS = "admin:batches_submission_progress"


class SubmissionActs:
    """Mixed into the admin of submissions, which says who may see what of one."""

    admin_site: Any
    opts: Any
    visible_submission: Callable[[HttpRequest, UUID], Submission]
    visible_progress: Callable[[HttpRequest, Submission], Progress]

    def urls_of_acts(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "batches_submission"
        views = {
            "begin": require_POST(self.begin_view),
            "hold": require_POST(self.hold_view),
            "resume": require_POST(self.resume_view),
            "retry": require_POST(self.retry_view),
            "undo": require_POST(self.undo_view),
            "when": require_http_methods(["GET", "HEAD", "POST"])(self.when_view),
        }
        return [
            path(f"<uuid:key>/{page}/", wrap(view), name=f"{name}_{page}")
            for page, view in views.items()
        ]

    def begin_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Whatever its time and whoever holds it; what it waits for still counts."""
        words = "It starts as soon as a worker is free."

        def begin(submission: Submission) -> None:
            start_now(self.visible_progress(request, submission).batches)

        return self._change(request, key, begin, words)

    def hold_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._change(request, key, pause_submission, "What has not begun is on hold.")

    def resume_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._change(request, key, resume_submission, "It goes on.")

    def retry_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._follow(request, key, Follows.RETRY)

    def undo_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._follow(request, key, Follows.UNDO)

    def when_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """The time of all of it that has not begun, its end, and what it waits for."""
        submission = self._own(request, key)
        return plan(
            request,
            self.visible_progress(request, submission).batches,
            {
                **self.admin_site.each_context(request),
                "about": describe(submission),
                "back_url": reverse(PROGRESS, args=[key]),
            },
        )

    def _own(self, request: HttpRequest, key: UUID) -> Submission:
        submission = self.visible_submission(request, key)
        is_started = submission.state == Submission.State.CONFIRMED
        if not is_started or submission.kind not in OPERATIONS:
            raise Http404
        self.visible_progress(request, submission)
        user: Any = request.user
        if not may_direct_all(user, submission):
            raise PermissionDenied
        return submission

    def _change(
        self, request: HttpRequest, key: UUID, change: Callable[[Submission], Any], words: str
    ) -> HttpResponse:
        submission = self._own(request, key)
        try:
            change(submission)
        except ApplicationError as error:
            messages.warning(request, error.message)
        else:
            messages.success(request, words)
        return redirect(PROGRESS, key)

    def _follow(self, request: HttpRequest, key: UUID, follows: Follows) -> HttpResponse:
        submission = self.visible_submission(request, key)
        batches = self.visible_progress(request, submission).batches
        return begin_following(request, batches, follows, back=redirect(PROGRESS, key))
