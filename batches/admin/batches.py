"""Batches: the list, and one batch with its results and actions."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from batches.admin.filters import ComingFilter, FollowsFilter, OperationFilter, OutcomeFilter
from batches.admin.progress import (
    OUTCOME_LABELS,
    STATUS_LABELS,
    words_of_blockers,
)
from batches.admin.review import rehearsal
from batches.admin.run_actions import RunActions
from batches.admin.run_buttons import url_of
from batches.admin.run_page import run_context
from batches.downloads import batch_file
from batches.models import BatchItem, BatchOperation, Dependency, Notification
from batches.operations import describe
from batches.result_tabs import ResultTabs
from batches.services.orders.preview import preview_batch
from batches.services.results.results import totals_of
from batches.services.results.run import Run
from content.admin.base import ReadOnlyAdmin
from content.admin.filters import DayFilter
from content.http import AuthenticatedHttpRequest


@admin.register(BatchOperation)
class BatchOperationAdmin(RunActions, ReadOnlyAdmin):
    run_page = "change"
    empty_hint = "The first one is created by an action in the list of contents."

    list_display = ["show_batch", "show_creator", "show_status", "show_outcome", "show_progress"]
    list_display += ["show_when", "show_source", "show_requested_by", "created_at"]
    list_display_links = ["show_batch"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ComingFilter,
        OutcomeFilter,
        OperationFilter,
        ("source", ChoicesDropdownFilter),
        FollowsFilter,
        ("creator", AutocompleteSelectFilter),
        ("created_at", DayFilter),
        ("completed_at", DayFilter),
    ]
    prefetch = ("creator", "requested_by")
    list_per_page = 50
    list_max_show_all = 50
    change_form_outer_before_template = "batches/admin/_progress.html"
    change_form_outer_after_template = "batches/admin/_api_call.html"
    fieldsets = [
        (
            "About this batch",
            {
                "fields": [
                    ("show_operation", "show_source"),
                    ("creator", "requested_by"),
                    ("created_at", "started_at"),
                    ("completed_at", "show_submission"),
                    "id",
                ]
            },
        ),
    ]
    readonly_fields = ["show_operation", "show_source", "show_submission", "id"]
    readonly_fields += ["created_at", "started_at", "completed_at"]

    def has_delete_permission(
        self, request: HttpRequest, obj: BatchOperation | None = None
    ) -> bool:
        """Superusers only, and only batches that have ended."""
        return bool(request.user.is_superuser) and (obj is None or obj.is_finished)

    def get_deleted_objects(self, objs: Any, request: AuthenticatedHttpRequest) -> Any:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        # Results and mails are deleted with their batch only.
        missing -= {kind._meta.verbose_name for kind in (BatchItem, Notification, Dependency)}
        return deleted, counts, missing, protected

    # ------------------------------------------------------------ columns

    @display(description="Batch", ordering="created_at", header=True)
    def show_batch(self, batch: BatchOperation) -> list[str]:
        count = "1 item" if batch.total_items == 1 else f"{batch.total_items} items"
        return [self.show_operation(batch), count]

    @display(description="Operation")
    def show_operation(self, batch: BatchOperation) -> str:
        return describe(batch)

    @display(description="Creator")
    def show_creator(self, batch: BatchOperation) -> str:
        return str(batch.creator)

    @display(description="Requested by")
    def show_requested_by(self, batch: BatchOperation) -> str:
        return str(batch.requested_by)

    @display(description="Source")
    def show_source(self, batch: BatchOperation) -> str:
        return batch.get_source_display()

    @display(description="Status", ordering="status", label=STATUS_LABELS)
    def show_status(self, batch: BatchOperation) -> str:
        return batch.get_status_display()

    @display(description="Outcome", label=OUTCOME_LABELS)
    def show_outcome(self, batch: BatchOperation) -> str:
        return str(batch.outcome.label) if batch.outcome else ""

    @display(description="When", ordering="scheduled_for", empty_value="–")
    def show_when(self, batch: BatchOperation) -> str | None:
        return words_of_blockers(batch) or None

    @display(description="Progress")
    def show_progress(self, batch: BatchOperation) -> SafeString:
        failed = f", {batch.failure_count} failed" if batch.failure_count else ""
        words = f"{batch.done_count} of {batch.total_items}{failed}"
        return render_to_string(
            "batches/admin/_bar.html",
            {"title": words, "percent": batch.progress, "has_failed": bool(batch.failure_count)},
        )

    @display(description="Part of", empty_value="–")
    def show_submission(self, batch: BatchOperation) -> Any:
        if batch.submission_id is None:
            return None
        url = reverse("admin:batches_submission_progress", args=[batch.submission_id])
        return render_to_string(
            "batches/admin/_link.html", {"url": url, "words": "All batches of this run"}
        )

    # ------------------------------------------------------------ one batch

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "batches_batchoperation"
        return [
            path("<uuid:key>/progress/", wrap(self.progress_view), name=f"{name}_progress"),
            path("<uuid:key>/results/", wrap(self.results_view), name=f"{name}_results"),
            *self.urls_of_actions(),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: AuthenticatedHttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        context = _context(request, batch) if batch else {}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def progress_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Render the part of the page that is refreshed."""
        if not getattr(request, "htmx", False):
            return redirect("admin:batches_batchoperation_change", key)
        return TemplateResponse(
            request,
            "batches/admin/_progress.html",
            _context(request, self.visible_batch(request, key)),
        )

    def results_view(self, request: AuthenticatedHttpRequest, key: UUID) -> HttpResponse:
        """Download the results: all, or those that the page shows."""
        batch = self.visible_batch(request, key)
        totals = totals_of(batch)
        tabs = ResultTabs.read(request.GET, totals, is_finished=batch.is_finished)
        return batch_file(batch, outcome=tabs.outcome, code=tabs.code)

    def visible_run(self, request: AuthenticatedHttpRequest, key: UUID) -> Run:
        return Run([self.visible_batch(request, key)])

    def visible_batch(self, request: AuthenticatedHttpRequest, key: UUID) -> BatchOperation:
        batches = BatchOperation.objects.visible_to(request.user)
        batch = batches.prefetch_related("creator").filter(pk=key).first()
        if batch is None:
            raise Http404
        return batch


def _context(request: AuthenticatedHttpRequest, batch: BatchOperation) -> dict[str, Any]:
    run = Run([batch])
    preview = preview_batch(batch) if batch.is_blocked else None
    return {
        **run_context(run, request),
        "rehearsal": None if preview is None else rehearsal(preview),
        "refresh_url": url_of(run, "progress"),
        "error": batch.error,
    }
