"""Forms for each operation; the rules are in the operations."""

from collections.abc import Callable, Iterator, Mapping
from functools import partialmethod
from typing import Any, ClassVar

from django import forms
from django.utils.module_loading import import_string

from batches.operations import OPERATIONS, Operation
from batches.operations.fields import Field, FieldType
from batches.rules import REJECT_ALL, SKIP_FAILED, FieldErrors, nested
from content.models import Content
from content.rules import format_stx, parse_percent, parse_stx, parse_whole_number

__all__ = ["FORMS", "MetadataForm", "OperationForm", "PriceForm", "form_of"]

UNCHANGED = ("", "No change")
NOT_CHOSEN = ("", "–")


class OperationForm(forms.Form):
    """The form of one operation: converts the input into the operation's payload.

    An empty field is left out of the payload. Errors of the operation are shown at the field
    that `paths` maps to, in the words of the API.
    """

    kind: ClassVar[str]
    # Maps paths of the payload to fields of the form.
    paths: ClassVar[Mapping[str, str]] = {}

    error_policy = forms.ChoiceField(
        label="If an item can’t be changed",
        choices=[
            (SKIP_FAILED, "Change the other items and report the failed ones"),
            (REJECT_ALL, "Change nothing"),
        ],
        initial=SKIP_FAILED,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Last, since it is rarely changed.
        self.order_fields([name for name in self.fields if name != "error_policy"])

    @classmethod
    def prepared(cls, payload: Mapping[str, Any], error_policy: str) -> "OperationForm":
        """Return the form filled in from this payload."""
        return cls(initial={**cls.typed(payload), "error_policy": error_policy})

    @classmethod
    def typed(cls, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the input for this payload, by field."""
        return {name: payload[path] for path, name in cls.paths.items() if path in payload}

    def raw_payload(self) -> dict[str, Any]:
        """Return the input under the payload's names, for the operation to validate."""
        values = {path: self.cleaned_data.get(name) for path, name in self.paths.items()}
        return nested({path: value for path, value in values.items() if value not in (None, "")})

    def clean_error_policy(self) -> str:
        return self.cleaned_data["error_policy"] or SKIP_FAILED

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                OPERATIONS[self.kind].clean_payload(self.raw_payload())
            except FieldErrors as error:
                for path, messages in error.errors.items():
                    self.add_error(self.paths.get(path), messages)
        return cleaned

    def payload(self) -> dict[str, Any]:
        """Return the payload for `prepare`. Only for a valid form."""
        return self.raw_payload()

    def _parsed(self, name: str, parse: Callable[[str], Any]) -> Any:
        text = self.cleaned_data[name]
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class PriceForm(OperationForm):
    """Either a new price in STX or a change in percent."""

    kind = "update-price"
    paths = {"newPrice": "new_price", "percentChange": "percent_change"}

    new_price = forms.CharField(
        label="New price in STX",
        required=False,
        help_text="The same price for every item, for example 2.5.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    percent_change = forms.CharField(
        label="Change in percent",
        required=False,
        help_text="Up or down from each item's current price, for example 10 or -12.5.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @classmethod
    def typed(cls, payload: Mapping[str, Any]) -> dict[str, Any]:
        if "newPrice" in payload:
            return {"new_price": format_stx(payload["newPrice"]).removesuffix(" STX")}
        # Neither if each item has its own price.
        return {"percent_change": payload.get("percentChange")}

    def clean_new_price(self) -> Any:
        return self._parsed("new_price", parse_stx)

    def clean_percent_change(self) -> Any:
        return self._parsed("percent_change", parse_percent)


class MetadataForm(OperationForm):
    """New values of fields; an empty one leaves the field unchanged on every item."""

    kind = "update-metadata"
    paths = {
        "updates.title": "title",
        "updates.description": "description",
        "updates.contentType": "content_type",
        "updates.refundable": "refundable",
        "updates.refundWindowDays": "refund_window_days",
        "updates.tokenGating": "token_gating",
    }

    title = forms.CharField(
        required=False, help_text="Every selected item gets this title.", widget=forms.TextInput
    )
    description = forms.CharField(
        required=False,
        help_text="Every selected item gets this description.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    clear_description = forms.BooleanField(label="Clear the description", required=False)
    content_type = forms.ChoiceField(
        label="Type", required=False, choices=[UNCHANGED, *Content.Type.choices]
    )
    refundable = forms.ChoiceField(
        label="Refundable", required=False, choices=[UNCHANGED, ("yes", "Yes"), ("no", "No")]
    )
    refund_window_days = forms.CharField(
        label="Refund window (days)",
        required=False,
        help_text="0 to 365. Existing purchases keep their refund window.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    token_gating = forms.ChoiceField(
        label="Only for holders of a token",
        required=False,
        choices=[UNCHANGED, ("on", "Yes"), ("off", "No, for everyone")],
    )
    token_type = forms.ChoiceField(
        label="Token type",
        required=False,
        choices=[UNCHANGED, ("sip-009", "NFT (SIP-009)"), ("sip-010", "SIP-010")],
    )
    token_contract = forms.CharField(
        label="Token contract",
        required=False,
        help_text="Its address and name, separated by a dot. If you leave the token empty, "
        "each item keeps its own.",
    )
    min_balance = forms.CharField(
        label="Minimum balance",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    @classmethod
    def typed(cls, payload: Mapping[str, Any]) -> dict[str, Any]:
        updates = payload["updates"]
        typed = super().typed({f"updates.{name}": value for name, value in updates.items()})
        if "refundable" in updates:
            typed["refundable"] = "yes" if updates["refundable"] else "no"
        if updates.get("description") == "":
            typed["clear_description"] = True
        if "tokenGating" in updates:
            gate = updates["tokenGating"]
            gate = {"enabled": gate} if isinstance(gate, bool) else gate
            typed["token_gating"] = "on" if gate["enabled"] else "off"
            typed["token_type"] = gate.get("tokenType", "")
            typed["token_contract"] = gate.get("tokenContract", "")
            typed["min_balance"] = gate.get("minBalance", "")
        return typed

    def clean_description(self) -> str:
        # Browsers send a line break as two characters.
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")

    def clean_refundable(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["refundable"])

    def clean_refund_window_days(self) -> Any:
        return self._parsed("refund_window_days", parse_whole_number)

    def clean_min_balance(self) -> Any:
        return self._parsed("min_balance", parse_whole_number)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("clear_description") and given.get("description"):
            self.add_error("clear_description", "Enter a description or clear it, not both.")
        token = self._token()
        if token and given.get("token_gating") != "on":
            self.add_error("token_gating", "Choose Yes, or leave the fields of the token empty.")
        return super().clean()

    def raw_payload(self) -> dict[str, Any]:
        given = self.cleaned_data
        updates = super().raw_payload().get("updates", {})
        if given.get("clear_description"):
            updates["description"] = ""
        if gate := given.get("token_gating"):
            is_on = gate == "on"
            token = self._token()
            updates["tokenGating"] = {"enabled": is_on, **token} if token else is_on
        return {"updates": updates}

    def _token(self) -> dict[str, Any]:
        fields = {
            "tokenType": "token_type",
            "tokenContract": "token_contract",
            "minBalance": "min_balance",
        }
        values = {path: self.cleaned_data.get(name) for path, name in fields.items()}
        return {path: value for path, value in values.items() if value not in (None, "")}


class DescribedForm(OperationForm):
    """A form made of an operation's `fields`."""

    @classmethod
    def typed(cls, payload: Mapping[str, Any]) -> dict[str, Any]:
        fields = OPERATIONS[cls.kind].fields
        return {
            field.form_name: field.write(payload[field.name])
            for field in fields
            if field.name in payload
        }


def form_of(operation: Operation) -> type[OperationForm]:
    """Return the form that the operation names, or one made of its fields."""
    if operation.form:
        form: type[OperationForm] = import_string(operation.form)
        return form
    attributes: dict[str, Any] = {
        "kind": operation.kind,
        "paths": {field.name: field.form_name for field in operation.fields},
    }
    for field in operation.fields:
        attributes[field.form_name] = _control(field)
        attributes[f"clean_{field.form_name}"] = partialmethod(
            DescribedForm._parsed, field.form_name, field.parse
        )
    return type(f"{type(operation).__name__}Form", (DescribedForm,), attributes)


def _control(field: Field) -> forms.Field:
    """Build an optional form field: the operation refuses missing values, as at every door."""
    common: dict[str, Any] = {
        "label": field.shown_label,
        "help_text": field.help,
        "required": False,
    }
    choices = [(choice, choice) for choice in field.choices]
    if field.type is FieldType.BOOLEAN:
        choices = [("yes", "Yes"), ("no", "No")]
    if choices:
        return forms.ChoiceField(choices=[NOT_CHOSEN, *choices], **common)
    is_number = field.type is FieldType.INTEGER
    attributes = {"autocomplete": "off", **({"inputmode": "numeric"} if is_number else {})}
    return forms.CharField(widget=forms.TextInput(attrs=attributes), **common)


class Forms(Mapping[str, type[OperationForm]]):
    """The form of every kind in OPERATIONS."""

    def __getitem__(self, kind: str) -> type[OperationForm]:
        return form_of(OPERATIONS[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(OPERATIONS)

    def __len__(self) -> int:
        return len(OPERATIONS)


FORMS = Forms()
