"""The mails about batches."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from batches.models import Notification
from content.admin.base import ReadOnlyAdmin
from content.admin.filters import DayFilter


class OverdueFilter(DropdownFilter):
    title = "delivery"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Overdue")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.overdue() if self.value() == "yes" else queryset


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["show_wallet", "show_subject", "show_state", "error"]
    list_display += ["created_at", "sent_at"]
    list_filter = [("state", ChoicesDropdownFilter), OverdueFilter, ("created_at", DayFilter)]
    prefetch = ("wallet",)
    empty_hint = "The first one is created when a batch ends and its creator has mail enabled."

    @display(description="To")
    def show_wallet(self, notification: Notification) -> str:
        return str(notification.wallet)

    @display(description="About")
    def show_subject(self, notification: Notification) -> str:
        return "A run of several batches" if notification.submission_id else "A batch"

    @display(
        description="State",
        ordering="state",
        label={"Waiting": "info", "Sent": "success", "Not sent": "danger"},
    )
    def show_state(self, notification: Notification) -> str:
        return notification.get_state_display()
