"""Read-only lists: template runs and dependencies."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from batches.admin.template_facts import RUN_LABELS
from batches.models import BatchOperation, Dependency, TemplateRun, sees_all
from batches.operations import describe
from content.admin.base import ReadOnlyAdmin, link
from content.admin.filters import DayFilter
from content.http import user_of


class RegisterAdmin(ReadOnlyAdmin):
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As at the other doors: requires permission to view batches."""
        return sees_all(user_of(request))


@admin.register(TemplateRun)
class TemplateRunAdmin(RegisterAdmin):
    list_display = ["show_due", "show_template", "show_state", "words", "show_progress"]
    list_display_links = ["show_due"]
    list_filter = [("state", ChoicesDropdownFilter), ("due_at", DayFilter)]
    prefetch = ("template",)
    empty_hint = "The first one is created when a template runs for the first time."
    fields = ["show_template", "show_how", "due_at", "at", "show_state", "words", "show_progress"]
    readonly_fields = ["show_template", "show_how", "show_state", "show_progress"]

    @display(description="Template")
    def show_template(self, run: TemplateRun) -> str:
        return link(
            reverse("admin:batches_template_change", args=[run.template_id]), str(run.template)
        )

    @display(description="Due", ordering="due_at")
    def show_due(self, run: TemplateRun) -> Any:
        return run.due_at

    @display(description="How")
    def show_how(self, run: TemplateRun) -> str:
        return "Manual" if run.is_manual else "Scheduled"

    @display(
        description="State",
        ordering="state",
        label={state.label: label for state, label in RUN_LABELS.items()},
    )
    def show_state(self, run: TemplateRun) -> str:
        return run.get_state_display()

    @display(description="Started run", empty_value="–")
    def show_progress(self, run: TemplateRun) -> Any:
        if run.submission_id is None:
            return None
        return link(
            reverse("admin:batches_submission_progress", args=[run.submission_id]), "Progress"
        )


@admin.register(Dependency)
class DependencyAdmin(RegisterAdmin):
    list_display = ["show_state", "show_batch", "show_when", "show_parent"]
    list_display_links = ["show_state"]
    list_filter = [("state", ChoicesDropdownFilter), ("when", ChoicesDropdownFilter)]
    prefetch = ("batch", "parent")
    ordering = ["-id"]  # the keys grow with time
    empty_hint = "The first one is created with a batch that starts after another."
    fields = ["show_batch", "show_when", "show_parent", "show_state"]
    readonly_fields = fields

    @display(description="Batch")
    def show_batch(self, dependency: Dependency) -> str:
        return _link_to(dependency.batch)

    @display(description="Starts", ordering="when")
    def show_when(self, dependency: Dependency) -> str:
        return dependency.get_when_display()

    @display(description="Of")
    def show_parent(self, dependency: Dependency) -> str:
        return _link_to(dependency.parent)

    @display(
        description="State",
        ordering="state",
        label={"Waiting": "info", "Met": "success", "Can't be met": "danger"},
    )
    def show_state(self, dependency: Dependency) -> str:
        return dependency.get_state_display()


def _link_to(batch: BatchOperation) -> str:
    return link(reverse("admin:batches_batchoperation_change", args=[batch.pk]), describe(batch))
