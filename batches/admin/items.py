"""The results of all batches in one list, for example today's failures."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from batches.admin.progress import ITEM_LABELS
from batches.models import BatchItem
from batches.operations import describe
from batches.operations.base import refusal_words
from content.admin.base import ReadOnlyAdmin


class FailedOnFilter(DropdownFilter):
    """Days are those of the viewer's time zone."""

    title = "failed on"
    parameter_name = "failed_on"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.failed_on(timezone.localdate()) if self.value() == "today" else queryset


@admin.register(BatchItem)
class BatchItemAdmin(ReadOnlyAdmin):
    empty_hint = "The first one is created when a batch runs."
    list_display = ["content_id", "show_outcome", "show_why", "show_batch"]
    list_filter = [("outcome", ChoicesDropdownFilter), FailedOnFilter]
    prefetch = ("batch",)
    ordering = ["-id"]  # the keys grow with time
    fields = ["content_id", "show_outcome", "show_why", "show_batch"]
    readonly_fields = ["show_outcome", "show_why", "show_batch"]

    @display(
        description="Outcome",
        ordering="outcome",
        label={outcome.label: label for outcome, label in ITEM_LABELS.items()},
    )
    def show_outcome(self, item: BatchItem) -> str:
        return item.get_outcome_display()

    @display(description="Reason", empty_value="–")
    def show_why(self, item: BatchItem) -> str | None:
        failed = item.outcome == BatchItem.Outcome.FAILED
        return refusal_words(item.code, item.parameters) if failed else None

    @display(description="Batch")
    def show_batch(self, item: BatchItem) -> SafeString:
        url = reverse("admin:batches_batchoperation_change", args=[item.batch_id])
        return render_to_string(
            "batches/admin/_link.html", {"url": url, "words": describe(item.batch)}
        )
