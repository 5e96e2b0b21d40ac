"""The views of the actions on a run, for the admin of batches and of submissions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST

from batches.admin.run_buttons import url_of
from batches.admin.widgets import apply_unfold_widgets, require_right
from batches.errors import Invalid, InvalidTransition, NotAllowed, NothingToDo
from batches.forms.schedule import ScheduleForm
from batches.models import Follows, Source
from batches.operations import OPERATIONS, operation_for
from batches.operations.base import REFUSALS
from batches.services.results.blockers import next_words
from batches.services.results.run import Run
from batches.services.runs import control
from batches.services.runs.follow_up import prepare_follow_up
from content.http import AuthenticatedHttpRequest

# The last part of the path of an action, if it differs from the verb.
PATHS = {"start": "begin", "pause": "hold", "reschedule": "when"}


class RunActions:
    """Mixin for the admin of batches and of submissions; `visible_run` checks the permission."""

    admin_site: Any
    opts: Any
    # The page of a run, to which every action redirects.
    run_page: str
    visible_run: Callable[[AuthenticatedHttpRequest, UUID], Run]

    def urls_of_actions(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"batches_{self.opts.model_name}"
        views: dict[str, Callable[..., HttpResponse]] = {
            "start": require_POST(self.start_view),
            "pause": require_POST(self.pause_view),
            "resume": require_POST(self.resume_view),
            "cancel": require_POST(self.cancel_view),
            "retry": require_POST(self.retry_view),
            "undo": require_POST(self.undo_view),
            "reschedule": require_http_methods(["GET", "HEAD", "POST"])(self.reschedule_view),
        }
        return [
            path(f"<uuid:key>/{PATHS.get(verb, verb)}/", wrap(view), name=f"{name}_{verb}")
            for verb, view in views.items()
        ]

    def start_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Start now, even if scheduled or paused; dependencies still apply."""
        return self._control(request, key, control.start)

    def pause_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        return self._control(request, key, control.pause)

    def resume_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        return self._control(request, key, control.resume)

    def cancel_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        return self._control(request, key, control.cancel, "Cancelled. Saved items stay saved.")

    def retry_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Prepare a retry of the failed items, or of those with the posted code."""
        code = request.POST.get("code", "")
        return self._prepare(request, key, Follows.RETRY, code=code if code in REFUSALS else "")

    def undo_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Prepare the undo of the whole run, or of the posted item."""
        return self._prepare(request, key, Follows.UNDO)

    def reschedule_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Show the form for start, end and dependencies of the pending batches."""
        run = self._own_run(request, key)
        back, user = url_of(run, self.run_page), request.user
        if not run.pending:
            words = InvalidTransition(run.status, "rescheduled", noun=run.noun).message
            messages.warning(request, words)
            return redirect(back)
        data = request.POST if request.method == "POST" else None
        form = ScheduleForm.of_run(run, data, user=user)
        if form.is_valid():
            try:
                run = control.reschedule(run, by=user, **form.times())
            except Invalid as error:
                form.add_refusal(error)
            except (InvalidTransition, NotAllowed) as error:
                messages.warning(request, error.message)
                return redirect(back)
            else:
                messages.success(request, f"Saved. {next_words(run)}")
                return redirect(back)
        apply_unfold_widgets(form)
        context = {
            **self.admin_site.each_context(request),
            "title": "Reschedule",
            "about": run.description,
            "form": form,
            "save": "Save",
            "back_url": back,
        }
        return TemplateResponse(
            request, "batches/admin/reschedule.html", context, status=400 if form.errors else 200
        )

    def _own_run(self, request: AuthenticatedHttpRequest, key: UUID) -> Run:
        run = self.visible_run(request, key)
        if run.kind not in OPERATIONS:
            raise Http404
        if not run.may_be_controlled_by(request.user):
            raise PermissionDenied
        return run

    def _control(
        self, request: AuthenticatedHttpRequest, key: UUID, act: Callable[..., Run], words: str = ""
    ) -> HttpResponse:
        run = self._own_run(request, key)
        try:
            run = act(run, by=request.user)
        except (InvalidTransition, NotAllowed) as error:
            messages.warning(request, error.message)
        else:
            messages.success(request, words or f"Saved. {next_words(run)}")
        return redirect(url_of(run, self.run_page))

    def _prepare(
        self, request: AuthenticatedHttpRequest, key: UUID, follows: Follows, *, code: str = ""
    ) -> HttpResponse:
        """Redirect to the review of the retry or undo, or back with the reason of the refusal."""
        run = self.visible_run(request, key)
        if run.kind not in OPERATIONS:
            raise Http404
        require_right(request, operation_for(run.batches[0]))
        item = request.POST.get("content_id")
        try:
            submission = prepare_follow_up(
                run,
                follows,
                by=request.user,
                source=Source.ADMIN,
                content_ids=[item] if item else None,
                code=code,
            )
        except (NothingToDo, NotAllowed) as error:
            # NotAllowed: none of the items belongs to the creator any more.
            messages.warning(request, error.message)
            return redirect(url_of(run, self.run_page))
        return redirect("admin:batches_submission_review", submission.pk)
