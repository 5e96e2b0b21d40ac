"""Contract calls, and the sandbox's ledger."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from content.admin.base import ReadOnlyAdmin
from content.admin.filters import DayFilter
from content.models import ContractCall, SandboxTransaction

STATE_LABELS = {
    "Queued": "info",
    "Retrying": "warning",
    "Sent": "info",
    "Confirmed": "success",
    "Failed": "danger",
}


class OpenFilter(DropdownFilter):
    title = "answer"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Not known yet")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.open() if self.value() == "yes" else queryset


@admin.register(ContractCall)
class ContractCallAdmin(ReadOnlyAdmin):
    list_display = ["function", "show_items", "show_state", "show_transaction", "error"]
    list_display += ["created_at"]
    list_filter = [("state", ChoicesDropdownFilter), OpenFilter]
    list_filter += [("created_at", DayFilter), ("updated_at", DayFilter)]
    search_fields = ["tx_id"]
    search_help_text = "Transaction"

    empty_hint = "The first one is created when an item that is registered on the chain changes."

    @display(description="Transaction", ordering="tx_id")
    def show_transaction(self, call: ContractCall) -> str:
        return short_transaction(call.tx_id)

    @display(description="Items")
    def show_items(self, call: ContractCall) -> int:
        return len(call.arguments)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def show_state(self, call: ContractCall) -> str:
        return call.get_state_display()


@admin.register(SandboxTransaction)
class SandboxTransactionAdmin(ReadOnlyAdmin):
    list_display = ["show_transaction", "function", "show_items", "show_refused", "at"]
    list_filter = [("at", DayFilter)]
    search_fields = ["tx_id"]
    search_help_text = "Transaction"

    empty_hint = "The first one is created when an item that is registered on the chain changes."

    @display(description="Transaction", ordering="tx_id")
    def show_transaction(self, transaction: SandboxTransaction) -> str:
        return short_transaction(transaction.tx_id)

    @display(description="Items")
    def show_items(self, transaction: SandboxTransaction) -> int:
        return len(transaction.arguments)

    @display(description="Refused")
    def show_refused(self, transaction: SandboxTransaction) -> int:
        return sum("error" in response for response in transaction.responses)


def short_transaction(tx_id: str) -> str:
    """`0x12345678…cdef`, for lists; the detail page shows the full id."""
    return f"{tx_id[:10]}…{tx_id[-4:]}" if tx_id else ""
