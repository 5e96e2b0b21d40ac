"""Filter forms of the lists."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from batches.models import OUTCOME_CHOICES, Source, Status, sees_all
from batches.models.batch import BatchQuerySet
from batches.operations import OPERATIONS
from content.days import WRONG_ORDER, DayField, is_wrong_order, within_days
from content.models import User, Wallet

MAX_CREATORS = 200


class BatchFilterForm(forms.Form):
    """Filters batches; an empty form selects all."""

    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *Status.choices])
    outcome = forms.ChoiceField(required=False, choices=[("", "Any outcome"), *OUTCOME_CHOICES])
    operation = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any operation"),
            *((kind, operation.label) for kind, operation in OPERATIONS.items()),
        ],
    )
    source = forms.ChoiceField(
        label="Started from", required=False, choices=[("", "Anywhere"), *Source.choices]
    )
    day_from = DayField(label="Requested from")
    day_to = DayField(label="Requested until")
    ended = DayField(label="Ended on")
    # For staff with wallets of their own, who see all batches.
    own = forms.BooleanField(label="Only my wallets", required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        if not sees_all(user):
            del self.fields["own"]
        if creator := _creator_field(user):
            self.fields["creator"] = creator
            self.order_fields(["status", "outcome", "operation", "source", "creator"])
        zone = timezone.get_current_timezone_name()
        self.fields["day_from"].help_text = f"Days in {zone}"

    def clean_creator(self) -> list[str] | None:
        """Return the selected addresses; None for any."""
        chosen = self.cleaned_data["creator"].strip()
        if not chosen:
            return None
        if isinstance(self.fields["creator"], forms.ChoiceField):
            return [chosen]
        named = Wallet.objects.filter(Q(address=chosen) | Q(display_name__icontains=chosen))
        found = list(named.values_list("address", flat=True)[: MAX_CREATORS + 1])
        if len(found) > MAX_CREATORS:
            raise ValidationError(
                f"More than {MAX_CREATORS} creators match this name. Type more of the name."
            )
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if is_wrong_order(cleaned.get("day_from"), cleaned.get("day_to")):
            self.add_error("day_to", WRONG_ORDER)
        return cleaned

    @property
    def is_narrowed(self) -> bool:
        """True if a filter is set, so an empty result does not mean that there is nothing."""
        return any(self.data.get(name) for name in self.fields)

    def matching(self, batches: BatchQuerySet) -> BatchQuerySet:
        """Return the matching batches; none while the form has errors."""
        if not self.is_valid():
            return batches.none()
        chosen = self.cleaned_data
        equal = {"status": "status", "operation": "kind", "source": "source"}
        found = batches.filter(
            **{field: chosen[name] for name, field in equal.items() if chosen[name]},
            **within_days("created_at", chosen["day_from"], chosen["day_to"]),
        )
        if chosen.get("creator") is not None:
            found = found.filter(creator_id__in=chosen["creator"])
        if chosen["ended"]:
            found = found.ended_on(chosen["ended"])
        return found.of_outcome(chosen["outcome"]) if chosen["outcome"] else found


def _creator_field(user: User) -> forms.CharField | forms.ChoiceField | None:
    """Staff may enter any creator; owners of several wallets pick one; others have no field."""
    if sees_all(user):
        attrs = {"type": "search", "placeholder": "Name or address"}
        return forms.CharField(required=False, max_length=100, widget=forms.TextInput(attrs=attrs))
    own = list(Wallet.objects.owned_by(user))
    if len(own) < 2:
        return None
    choices = [("", "All my wallets"), *((wallet.pk, str(wallet)) for wallet in own)]
    return forms.ChoiceField(label="Creator", required=False, choices=choices)
