"""Submissions: review, start and progress."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from batches.admin.catalogue import list_url
from batches.admin.filters import OperationFilter
from batches.admin.review import review_context
from batches.admin.run_actions import RunActions
from batches.admin.run_buttons import url_of
from batches.admin.run_page import run_context
from batches.admin.widgets import require_right
from batches.downloads import submission_file
from batches.errors import ApplicationError, NotAllowed, NotFound, SubmissionUsed
from batches.models import Submission
from batches.operations import OPERATIONS, describe, operation_for
from batches.result_tabs import ResultTabs
from batches.services.pages.notes import draft_notes
from batches.services.results.results import totals_of
from batches.services.results.run import Run, find_submission_run, run_of
from batches.services.runs.confirm import check_typed_count, confirm
from batches.services.runs.draft import discard
from content.admin.base import ReadOnlyAdmin, link
from content.admin.filters import DayFilter
from content.http import AuthenticatedHttpRequest

MAX_LINKS = 50
STARTED_HIDDEN = (
    "Started. To see its progress, ask an administrator for the permission to view batches."
)


@admin.register(Submission)
class SubmissionAdmin(RunActions, ReadOnlyAdmin):
    run_page = "progress"

    list_display = ["show_operation", "show_count", "show_state", "by", "source", "created_at"]
    list_display_links = ["show_operation"]
    list_filter = [("state", ChoicesDropdownFilter), OperationFilter]
    list_filter += [("source", ChoicesDropdownFilter), ("created_at", DayFilter)]
    prefetch = ("by",)
    ordering = ["-id"]
    fields = ["show_operation", "show_count", "show_state", "show_page", "show_batches"]
    fields += ["by", "source", "created_at", "confirmed_at", "expires_at"]
    readonly_fields = ["show_operation", "show_count", "show_state", "show_page", "show_batches"]
    empty_hint = "The first one is created by an action in the list of contents."

    @display(description="Operation")
    def show_operation(self, submission: Submission) -> str:
        return describe(submission)

    @display(description="Items")
    def show_count(self, submission: Submission) -> int:
        return len(submission.content_ids)

    @display(description="State", label={"Prepared": "info", "Started": "success", "Expired": ""})
    def show_state(self, submission: Submission) -> str:
        return "Expired" if _has_expired(submission) else submission.get_state_display()

    @display(description="Page")
    def show_page(self, submission: Submission) -> str:
        if submission.state == Submission.State.CONFIRMED:
            page = reverse("admin:batches_submission_progress", args=[submission.pk])
            return link(page, "Progress and failures")
        if _has_expired(submission):
            return "None, since it was not started"
        page = reverse("admin:batches_submission_review", args=[submission.pk])
        return format_html("{} (only for {}, who prepared it)", link(page, "Review"), submission.by)

    @display(description="Batches")
    def show_batches(self, submission: Submission) -> str:
        batches = run_of(submission).batches
        links = [
            (link(reverse("admin:batches_batchoperation_change", args=[batch.pk]), str(batch)),)
            + (batch.creator, batch.get_status_display())
            for batch in batches[:MAX_LINKS]
        ]
        rest = len(batches) - len(links)
        return format_html(
            "{}{}",
            format_html_join(mark_safe("<br>"), "{} for {}: {}", links) or "None",
            f" and {rest:,} more" if rest else "",
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "batches_submission"
        return [
            path("<uuid:key>/review/", wrap(self.review_view), name=f"{name}_review"),
            path(
                "<uuid:key>/discard/", wrap(require_POST(self.discard_view)), name=f"{name}_discard"
            ),
            path("<uuid:key>/progress/", wrap(self.progress_view), name=f"{name}_progress"),
            path("<uuid:key>/results/", wrap(self.results_view), name=f"{name}_results"),
            *self.urls_of_actions(),
            *super().get_urls(),
        ]

    # ------------------------------------------------------------ review and start

    def review_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Show the preview to the user who prepared it; POST starts it."""
        submission = Submission.objects.filter(pk=key, by_id=request.user.pk).first()
        if submission is None or submission.kind not in OPERATIONS:
            raise Http404
        require_right(request, operation_for(submission))
        refusal = ""
        if request.method == "POST":
            refusal = _start(request, submission)
        if submission.state == Submission.State.CONFIRMED:
            return _after_start(request, submission)
        if _has_expired(submission):
            return self._page(request, submission, "batches/admin/expired.html", http_status=410)
        try:
            context = review_context(submission, request.GET.get("show", ""), request.GET.get("p"))
        except NotAllowed as error:
            messages.error(request, error.message)
            return redirect("admin:content_content_changelist")
        return self._page(
            request,
            submission,
            "batches/admin/review.html",
            http_status=409 if refusal else 200,
            refusal=refusal,
            notes=draft_notes(submission, request.user),
            **context,
        )

    def discard_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        submission = Submission.objects.filter(pk=key, by_id=request.user.pk).first()
        if submission is None:
            raise Http404
        try:
            discard(key, by=request.user)
        except SubmissionUsed:
            messages.warning(request, "This was already started.")
            return _after_start(request, submission)
        messages.success(request, "Draft discarded. Nothing was changed.")
        return redirect(list_url(request.POST.get("list", "")))

    # ------------------------------------------------------------ progress

    def progress_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        submission = self.visible_submission(request, key)
        if submission.state != Submission.State.CONFIRMED:
            return redirect("admin:batches_submission_review", key)
        run = self.visible_run(request, key)
        context = {**run_context(run, request), "refresh_url": url_of(run, "progress")}
        is_poll = bool(getattr(request, "htmx", False))
        template = "batches/admin/_progress.html" if is_poll else "batches/admin/progress.html"
        return self._page(request, submission, template, **context)

    def results_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponseBase:
        """Download the results of all its batches: all, or those that the page shows."""
        run = self.visible_run(request, key)
        assert run.submission is not None
        tabs = ResultTabs.read(request.GET, totals_of(*run.batches), is_finished=run.is_finished)
        return submission_file(run.submission, run.batches, outcome=tabs.outcome, code=tabs.code)

    def visible_submission(self, request: AuthenticatedHttpRequest, key: UUID) -> Submission:
        submission = Submission.objects.visible_to(request.user).filter(pk=key).first()
        if submission is None:
            raise Http404
        return submission

    def visible_run(self, request: AuthenticatedHttpRequest, key: UUID) -> Run:
        """Return the run with the batches that the user may see; 404 without any.

        As at the other doors, seeing a batch requires its wallet or the permission to view
        batches; it is not enough to have prepared it. Users see, download, retry and undo only
        these batches; to pause, resume or cancel, they need permission for the whole run.
        """
        try:
            return find_submission_run(key, by=request.user)
        except NotFound:
            raise Http404 from None

    def _page(
        self,
        request: AuthenticatedHttpRequest,
        submission: Submission,
        template: str,
        http_status: int = 200,
        **context: Any,
    ) -> TemplateResponse:
        count = len(submission.content_ids)
        context = {
            **self.admin_site.each_context(request),
            "title": describe(submission),
            "subtitle": "1 item" if count == 1 else f"{count:,} items",
            "submission": submission,
            "list": request.GET.get("list", ""),
            "list_address": list_url(request.GET.get("list", "")),
            # For the breadcrumbs, which users without the permission don't get.
            **(
                {"opts": self.opts, "original": submission}
                if self.has_view_permission(request)
                else {}
            ),
            **context,
        }
        return TemplateResponse(request, template, context, status=http_status)


def _start(request: AuthenticatedHttpRequest, submission: Submission) -> str:
    """Confirm and refresh the submission; return the reason if it was refused."""
    refusal = ""
    try:
        check_typed_count(submission, request.POST.get("count", ""))
        confirm(submission.pk, by=request.user)
    except SubmissionUsed:
        pass  # a double click shows the progress, an expired submission its page
    except ApplicationError as error:
        refusal = error.message
    submission.refresh_from_db()
    return refusal


def _after_start(request: AuthenticatedHttpRequest, submission: Submission) -> HttpResponse:
    """Redirect to the progress, or explain the missing permission."""
    if run_of(submission, request.user).batches:
        return redirect("admin:batches_submission_progress", submission.pk)
    messages.success(request, STARTED_HIDDEN)
    return redirect("admin:content_content_changelist")


def _has_expired(submission: Submission) -> bool:
    is_draft = submission.state == Submission.State.DRAFT
    return is_draft and submission.expires_at <= timezone.now()
