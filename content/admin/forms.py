"""The form of one item, with the version at which it was opened."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
)

from content import rules
from content.models import Content, Wallet
from content.strict_json import parse_json

# The editable fields; others belong to operations or bookkeeping.
EDITABLE = (
    "title",
    "description",
    "content_type",
    "creator",
    "url",
    "token_gating",
    "refundable",
    "refund_window_days",
    "onchain_id",
)


class StrictJSONField(forms.JSONField):
    """JSON by the API's rules; invalid input is shown again as typed."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return parse_json(value, noun="text")
        except ValueError as error:
            raise forms.ValidationError(str(error), code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None if data is None else InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((self.to_python(data) or {}) != (initial or {}))
        except forms.ValidationError:
            return True


class ContentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Never saves: `values()` goes to content.services.catalogue.changes."""

    price_stx = forms.CharField(
        label="Price in STX",
        help_text="For example 2.5.",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    url = forms.URLField(
        label="URL",
        required=False,
        max_length=2000,
        assume_scheme="https",
        help_text="The content that buyers pay for; shown only to people with access.",
        widget=UnfoldAdminURLInputWidget,
    )
    token_gating = StrictJSONField(
        label="Token gating", required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    opened_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    class Meta:
        model = Content
        fields = ["content_id", *EDITABLE]

    # Set by the page if the service refuses the input.
    refusal = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "price_stx" in self.fields:
            words = rules.format_stx(self.instance.price).removesuffix(" STX")
            self.initial.update(price_stx=words, opened_version=self.instance.version)

    def clean_content_id(self) -> str:
        return self._clean("content_id", rules.clean_content_id)

    def clean_title(self) -> str:
        return self._clean(
            "title", lambda text: rules.clean_text(text, minimum=1, maximum=rules.MAX_TITLE)
        )

    def clean_description(self) -> str:
        # Browsers send a line break as two characters.
        text = self.cleaned_data["description"].replace("\r\n", "\n")
        try:
            return rules.clean_text(text, maximum=rules.MAX_DESCRIPTION, newlines=True)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_price_stx(self) -> int:
        return self._clean("price_stx", rules.parse_stx)

    def clean_creator(self) -> Wallet:
        wallet = self.cleaned_data["creator"]
        if not wallet.is_creator and wallet.pk != self.initial.get("creator"):
            raise forms.ValidationError(
                "This wallet does not belong to a creator, so it can't sell content."
            )
        return wallet

    def clean_token_gating(self) -> dict[str, Any]:
        value = self.cleaned_data["token_gating"]
        if value in (None, "", {}):
            return {}
        wanted = self._clean("token_gating", rules.clean_token_gating)
        return rules.token_gating_after(self.instance.token_gating, wanted)

    def clean_refund_window_days(self) -> int:
        return self._clean("refund_window_days", rules.clean_refund_window)

    def clean_onchain_id(self) -> int | None:
        if self.cleaned_data["onchain_id"] is None:
            return None
        return self._clean(
            "onchain_id",
            lambda number: rules.clean_integer(number, minimum=0, maximum=rules.MAX_ID),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_new = self.instance._state.adding
        if not is_new and not self.errors and cleaned.get("opened_version") is None:
            self.add_error(None, "This form has no version: please reload the page.")
        if self.refusal:
            self.add_error(None, self.refusal)
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return the cleaned values by model field, for a valid form."""
        values = {name: self.cleaned_data[name] for name in EDITABLE if name != "creator"}
        creator = self.cleaned_data["creator"]
        return {**values, "creator_id": creator.pk, "price": self.cleaned_data["price_stx"]}

    def _clean(self, name: str, clean: Callable[[Any], Any]) -> Any:
        try:
            return clean(self.cleaned_data[name])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
