"""What the lists of batches and of submissions can be narrowed by."""

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
    """What was accepted and has not begun, by what keeps it from it."""

    title = "coming up"
    parameter_name = "coming"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("any", "Full calendar"),
            ("scheduled", "Scheduled"),
            ("held", "On hold"),
            ("waiting", "Waiting for others"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        narrowings: dict[str, dict[str, Any]] = {
            "any": {},
            "scheduled": {"scheduled_for__gt": timezone.now()},
            "held": {"is_paused": True},
            "waiting": {"waits_for__gt": 0},
        }
        found = narrowings.get(self.value() or "")
        return queryset if found is None else queryset.coming().filter(**found)


class FollowsFilter(DropdownFilter):
    title = "follows upon another"
    parameter_name = "follows"
    fields = {"retry": "retry_of", "undo": "undo_of"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("retry", "Tries again what failed"), ("undo", "Puts back what was changed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        field = self.fields.get(self.value() or "")
        return queryset.filter(**{f"{field}__isnull": False}) if field else queryset
