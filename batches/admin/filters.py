"""Filters of the lists of batches and submissions."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter

from batches.models import OUTCOME_CHOICES
from batches.operations import OPERATIONS


class OperationFilter(DropdownFilter):
    title = "operation"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, operation.label) for kind, operation in OPERATIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class OutcomeFilter(DropdownFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in OUTCOME_CHOICES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in dict(OUTCOME_CHOICES):
            return queryset
        return queryset.of_outcome(self.value())


class ComingFilter(DropdownFilter):
    """Accepted batches that have not started, by the reason."""

    title = "schedule"
    parameter_name = "coming"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("any", "Full calendar"),
            ("scheduled", "Scheduled"),
            ("held", "Paused"),
            ("waiting", "Waiting for another batch"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        narrowings: dict[str, dict[str, Any]] = {
            "any": {},
            "scheduled": {"scheduled_for__gt": timezone.now()},
            "held": {"is_paused": True},
            "waiting": {"waits_for__gt": 0},
        }
        found = narrowings.get(self.value() or "")
        return queryset if found is None else queryset.upcoming().filter(**found)


class FollowsFilter(DropdownFilter):
    title = "follow-up"
    parameter_name = "follows"
    fields = {"retry": "retry_of", "undo": "undo_of"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("retry", "Retry"), ("undo", "Undo")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        field = self.fields.get(self.value() or "")
        return queryset.filter(**{f"{field}__isnull": False}) if field else queryset
