"""The addresses at which a batch is held, moved in time, tried again and put back."""

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
from batches.admin.planning import BEGUN, plan
from batches.admin.waits import when_words
from batches.errors import ApplicationError, InvalidTransition
from batches.models import BatchOperation, Follows
from batches.operations import OPERATIONS, describe
from batches.services.permissions import may_direct
from batches.services.runs.plans import start_now
from batches.services.runs.schedule import pause, resume

CHANGE = "admin:batches_batchoperation_change"


class BatchActs:
    """Mixed into the admin of batches, which says who may see one: `visible_batch`."""

    admin_site: Any
    opts: Any
    visible_batch: Callable[[HttpRequest, UUID], BatchOperation]

    def urls_of_acts(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "batches_batchoperation"
        post, both = require_POST, require_http_methods(["GET", "HEAD", "POST"])
        views = {
            "begin": post(self.begin_view),
            "hold": post(self.hold_view),
            "resume": post(self.resume_view),
            "retry": post(self.retry_view),
            "undo": post(self.undo_view),
            "when": both(self.when_view),
        }
        return [
            path(f"<uuid:key>/{page}/", wrap(view), name=f"{name}_{page}")
            for page, view in views.items()
        ]

    def begin_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Whatever its time and whoever holds it; what it waits for still counts."""

        def begin(batch: BatchOperation) -> BatchOperation:
            start_now([batch])
            return batch

        return self._change(request, key, begin)

    def hold_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._change(request, key, pause)

    def resume_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        return self._change(request, key, resume)

    def retry_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        batch = self.visible_batch(request, key)
        return begin_following(request, [batch], Follows.RETRY, back=redirect(CHANGE, key))

    def undo_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Of the whole batch, or of the one item that is posted."""
        batch = self.visible_batch(request, key)
        return begin_following(request, [batch], Follows.UNDO, back=redirect(CHANGE, key))

    def when_view(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Its time, its end, and what it waits for."""
        batch = self._own(request, key)
        return plan(
            request,
            [batch],
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": batch,
                "about": describe(batch),
                "back_url": reverse(CHANGE, args=[key]),
            },
        )

    def _own(self, request: HttpRequest, key: UUID) -> BatchOperation:
        batch = self.visible_batch(request, key)
        if batch.kind not in OPERATIONS:
            raise Http404
        if not may_direct(request.user, batch):  # type: ignore[arg-type]
            raise PermissionDenied
        return batch

    def _change(
        self, request: HttpRequest, key: UUID, change: Callable[[BatchOperation], BatchOperation]
    ) -> HttpResponse:
        try:
            _say(request, change(self._own(request, key)))
        except InvalidTransition:
            messages.warning(request, BEGUN)
        except ApplicationError as error:
            messages.error(request, error.message)
        return redirect(CHANGE, key)


def _say(request: HttpRequest, batch: BatchOperation) -> None:
    batch.refresh_from_db()
    words = when_words(batch)
    if words:
        messages.success(request, f"Saved. It now waits: {words[:1].lower()}{words[1:]}.")
    else:
        messages.success(request, "Saved. It starts as soon as a worker is free.")
