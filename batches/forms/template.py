"""The forms of a template: name, change, selection and schedule."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone

from batches.errors import Invalid
from batches.forms.operation import FORMS
from batches.forms.schedule import LocalTimeInput, parse_local_input
from batches.models import Template
from batches.operations import Operation
from batches.recurrence import LOCAL_FORMAT, NEVER, parse_local_time
from batches.services.templates.spec import MAX_NAME, TemplateOrder, clean_template
from content.days import DayField
from content.forms import ContentFilterForm, time_zones
from content.models import Wallet
from content.rules import format_stx

IDS, FILTER = "ids", "filter"
# Maps the service's paths to fields.
FIELDS = {
    "name": "name",
    "creator": "creator",
    "contentIds": "content_ids",
    "filter": "selection",
    "repeat": "repeat",
    "firstRun": "first_run",
    "timeZone": "time_zone",
    "lastDay": "last_day",
}


class SelectionForm(ContentFilterForm):
    """The filter of a template, evaluated again at each run."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        state = self.fields["state"]
        assert isinstance(state, forms.ChoiceField)
        state.choices = [("", "On sale"), ("removed", "Removed")]

    @classmethod
    def typed(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return the input for a filter of the API."""
        typed = {"q": chosen.get("search", ""), "type": chosen.get("contentType", "")}
        for name, path in (("price_from", "priceMin"), ("price_to", "priceMax")):
            if chosen.get(path) is not None:
                typed[name] = format_stx(chosen[path]).removesuffix(" STX")
        return typed | {"state": "removed" if chosen.get("isRemoved") else ""}

    def chosen(self) -> dict[str, Any]:
        """Return the filter in the API's format. Only for a valid form."""
        given = self.cleaned_data
        found = {
            "search": given["q"] or None,
            "contentType": given["type"] or None,
            "priceMin": given["price_from"],
            "priceMax": given["price_to"],
            "isRemoved": True if given["state"] == "removed" else None,
        }
        return {name: value for name, value in found.items() if value is not None}


class PlanForm(forms.Form):
    """All fields of a template except the change and the filter."""

    name = forms.CharField(
        max_length=MAX_NAME,
        help_text="For example “Weekend sale”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    creator = forms.CharField(
        label="Creator’s address",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    selection = forms.ChoiceField(
        label="Which items",
        choices=[
            (FILTER, "All that match a filter, looked up at each run"),
            (IDS, "The items listed here"),
        ],
        widget=forms.RadioSelect,
    )
    content_ids = forms.CharField(
        label="Item ids",
        required=False,
        help_text="Separate ids with spaces or new lines.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    repeat = forms.ChoiceField(label="Repeat", choices=Template.Repeat.choices)
    first_run = forms.CharField(
        label="First run",
        required=False,
        max_length=40,
        help_text="Local time in its time zone. Leave empty to run it only on demand.",
        widget=LocalTimeInput,
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=time_zones)
    last_day = DayField(
        label="Last day", help_text="No run after this day. Leave empty to repeat without end."
    )

    def clean_content_ids(self) -> list[str]:
        return list(dict.fromkeys(self.cleaned_data["content_ids"].replace(",", " ").split()))

    def clean_first_run(self) -> str | None:
        local = parse_local_input(self.cleaned_data["first_run"])
        return local.strftime(LOCAL_FORMAT) if local else None


class TemplateForm:
    """Three forms shown as one: the plan, the change, the filter."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        operation: Operation,
        body: Mapping[str, Any],
        typed: Mapping[str, Any] | None = None,
        wallets: Sequence[Wallet] = (),
        names_creator: bool = False,
        template: Template | None = None,
    ) -> None:
        """`body` has the initial values in the service's format, `typed` the previous input.

        `template` is edited if given; its times may be in the past.

        `wallets` are the ones to choose from, empty if there is no choice; `names_creator`
        allows any address.
        """
        self.operation, self.body, self.template = operation, body, template
        zone = timezone.get_current_timezone_name()
        known_ids = body.get("contentIds") or []
        initial = {
            "name": body.get("name", ""),
            "creator": body.get("creator", ""),
            "selection": IDS if known_ids else FILTER,
            "content_ids": " ".join(known_ids),
            "repeat": body.get("repeat", NEVER),
            "first_run": body.get("firstRun", ""),
            "time_zone": body.get("timeZone", zone),
            "last_day": body.get("lastDay"),
        }
        self.plan = PlanForm(data, initial=initial)
        self._offer_zone(initial["time_zone"])
        self._offer_creators(wallets, names_creator=names_creator)
        form_type = FORMS[operation.kind]
        payload = body.get("updatePayload") or {}
        change_values = {**(form_type.typed(payload) if payload else {}), **(typed or {})}
        change_values.setdefault("error_policy", body.get("errorPolicy"))
        self.change = form_type(
            data,
            initial={name: value for name, value in change_values.items() if value is not None},
        )
        chosen = body.get("filter")
        if chosen is None:
            chosen = {"isRemoved": True} if operation.is_for_removed else {}
        self.filter = SelectionForm(data, prefix=FILTER, initial=SelectionForm.typed(chosen))

    @property
    def has_errors(self) -> bool:
        return any(form.errors for form in (self.plan, self.change, self.filter) if form.is_bound)

    @property
    def change_fields(self) -> list[forms.BoundField]:
        return [field for field in self.change.visible_fields() if field.name != "error_policy"]

    def order(self) -> TemplateOrder | None:
        """Return the clean values; None if the input is invalid, with the errors in the form."""
        is_valid = self.plan.is_valid() & self.change.is_valid()
        if self.plan.data.get("selection") == FILTER:
            is_valid &= self.filter.is_valid()
        if not is_valid:
            return None
        try:
            return clean_template(self._body(), existing=self.template)
        except Invalid as error:
            self.refuse(error)
            return None

    def refuse(self, error: Invalid) -> None:
        """Show the service's errors at their fields."""
        for path, words in error.errors.items():
            name = FIELDS.get(path.partition(".")[0])
            self.plan.add_error(name if name in self.plan.fields else None, words)
        if not error.errors:
            self.plan.add_error(None, error.message)

    def _body(self) -> dict[str, Any]:
        given = self.plan.cleaned_data
        body = {
            "name": given["name"],
            "operationType": self.operation.kind,
            "updatePayload": self.change.payload(),
            "errorPolicy": self.change.cleaned_data["error_policy"],
            "repeat": given["repeat"],
            "firstRun": given["first_run"],
            "timeZone": given["time_zone"],
            "lastDay": given["last_day"].isoformat() if given["last_day"] else None,
            "creator": given.get("creator") or self.body.get("creator"),
        }
        if given["selection"] == FILTER:
            return {**body, FILTER: self.filter.chosen()}
        return {**body, "contentIds": given["content_ids"]}

    def _offer_zone(self, name: str) -> None:
        """Keep an outdated spelling of a zone valid for templates that have it."""
        known = time_zones()
        if name not in dict(known):
            zones = cast("forms.ChoiceField", self.plan.fields["time_zone"])
            zones.choices = [(name, name), *known]

    def _offer_creators(self, wallets: Sequence[Wallet], *, names_creator: bool) -> None:
        if names_creator:
            return
        if len(wallets) > 1:
            self.plan.fields["creator"] = forms.ChoiceField(
                label="Creator", choices=[(wallet.pk, str(wallet)) for wallet in wallets]
            )
        else:
            del self.plan.fields["creator"]


def first_run_of(text: str) -> str:
    """Return the start typed for a single change, as the first run of a template."""
    try:
        local = parse_local_time(text)
    except ValueError:
        return ""
    return local.strftime(LOCAL_FORMAT) if local else ""
