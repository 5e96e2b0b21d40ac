"""The forms of the catalogue's and the accounts' pages."""

import zoneinfo
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.forms import PasswordChangeForm as DjangoPasswordChangeForm
from django.contrib.auth.forms import SetPasswordForm as DjangoSetPasswordForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm

from content import rules
from content.errors import TooManyLogins, WrongCredentials
from content.models import Content, ContentQuerySet, User, Wallet
from content.services.people.accounts import change_password
from content.services.people.sign_in import check_password, refuse_to_wait
from content.services.people.tokens import MAX_NAME


class StxField(forms.CharField):
    """A price in user notation, such as `1,234.5`; its value is in micro-STX, None if empty."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 40)
        super().__init__(**options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return rules.parse_stx(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error


class ContentFilterForm(forms.Form):
    """Filters a creator's content; an empty form selects everything on sale."""

    q = forms.CharField(label="Search", required=False, max_length=rules.MAX_SEARCH)
    type = forms.ChoiceField(
        label="Type", required=False, choices=[("", "All types"), *Content.Type.choices]
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "On sale"), ("removed", "Removed"), ("all", "Both")],
    )
    price_from = StxField(label="Price from", required=False)
    price_to = StxField(label="Price to", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["q"].widget = forms.TextInput(
            attrs={"type": "search", "placeholder": "Title or id"}
        )
        for name in ("price_from", "price_to"):
            self.fields[name].widget.attrs["placeholder"] = "STX"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        minimum, maximum = cleaned.get("price_from"), cleaned.get("price_to")
        if minimum is not None and maximum is not None and minimum > maximum:
            self.add_error("price_to", "This is less than the lower price.")
        return cleaned

    @property
    def is_narrowed(self) -> bool:
        """True if a filter is set, so an empty result does not mean that there is nothing."""
        return any(self.data.get(name) for name in self.fields)

    def matching(self, contents: ContentQuerySet) -> ContentQuerySet:
        """Return the matching contents; none while the form has errors."""
        if not self.is_valid():
            return contents.none()
        chosen = self.cleaned_data
        return contents.matching(
            content_type=chosen["type"],
            minimum=chosen["price_from"],
            maximum=chosen["price_to"],
            is_removed={"": False, "removed": True, "all": None}[chosen["state"]],
            search=chosen["q"],
        )


REGIONS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}


@cache
def time_zones() -> list[tuple[str, str]]:
    """Zones by region; an outdated spelling stays valid for users who have it."""
    names = {name for name in zoneinfo.available_timezones() if name.split("/")[0] in REGIONS}
    return [(name, name.replace("_", " ")) for name in ["UTC", *sorted(names)]]


class ProfileForm(forms.Form):
    """The time zone, and the mail setting of each wallet of the user."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        help_text="All times on these pages are shown in this zone.",
    )

    def __init__(self, user: User, wallets: Sequence[Wallet], **options: Any) -> None:
        options.setdefault("initial", {"time_zone": user.time_zone})
        super().__init__(**options)
        zones = self.fields["time_zone"]
        if user.time_zone not in dict(zones.choices):  # type: ignore[attr-defined]
            zones.choices = [(user.time_zone, user.time_zone), *zones.choices]  # type: ignore[attr-defined]
        self.wallets = wallets
        for wallet in wallets:
            self.fields[f"notify-{wallet.pk}"] = forms.ChoiceField(
                label=f"Mail for {wallet}",
                choices=Wallet.Notify.choices,
                initial=wallet.notify,
                widget=forms.RadioSelect,
            )

    def wallet_fields(self) -> list[tuple[Wallet, forms.BoundField]]:
        return [(wallet, self[f"notify-{wallet.pk}"]) for wallet in self.wallets]

    @property
    def notify(self) -> dict[str, str]:
        """The mail setting of each wallet, by address."""
        return {wallet.pk: self.cleaned_data[f"notify-{wallet.pk}"] for wallet in self.wallets}


class ThrottleMessage(AuthenticationForm):
    """Reports too many failures and the waiting time instead of a wrong password."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if self.request is not None and username:
            try:
                refuse_to_wait(self.request, username)
            except TooManyLogins as error:
                raise ValidationError(error.message, code=error.code) from error
        return super().clean()


class SignInForm(ThrottleMessage):
    """The log-in of the pages."""


class AdminSignInForm(ThrottleMessage, UnfoldAuthenticationForm):  # type: ignore[misc]
    """The log-in of the admin."""


class SetPasswordForm(DjangoSetPasswordForm):  # type: ignore[type-arg]
    """A new password, typed twice, after following a link."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["new_password1"].help_text = " ".join(password_validators_help_texts())
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""

    def save(self, commit: bool = True) -> User:
        user: User = self.user
        change_password(user, self.cleaned_data["new_password1"])
        return user


class PasswordChangeForm(SetPasswordForm, DjangoPasswordChangeForm):
    """A new password after the old one; wrong guesses count as failed log-ins."""

    field_order = ["old_password", "new_password1", "new_password2"]

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        try:
            check_password(self.request, self.user.get_username(), password)
        except TooManyLogins as error:
            raise ValidationError(error.message, code=error.code) from error
        except WrongCredentials as error:
            raise ValidationError("This is not your password.", code=error.code) from error
        return password


class PasswordLinkForm(forms.Form):
    """Where to mail a link to a new password."""

    address = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )


class TokenForm(forms.Form):
    """A new token for the API."""

    LIFETIMES = {
        "10-hours": ("10 hours", timedelta(hours=10)),
        "30-days": ("30 days", timedelta(days=30)),
        "90-days": ("90 days", timedelta(days=90)),
        "1-year": ("One year", timedelta(days=365)),
    }

    name = forms.CharField(
        label="Name",
        max_length=MAX_NAME,
        help_text="What it is for, such as “price script on the laptop”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lifetime = forms.ChoiceField(
        label="Expires after",
        choices=[(key, words) for key, (words, _) in LIFETIMES.items()],
        initial="30-days",
    )

    def clean_lifetime(self) -> timedelta:
        return self.LIFETIMES[self.cleaned_data["lifetime"]][1]
