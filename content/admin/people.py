"""Users, groups, wallets and API tokens."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from knox.models import AuthToken
from unfold.admin import checkbox as unfold_checkbox
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from content import rules
from content.admin.base import ReadOnlyAdmin, StrictAdmin, replace
from content.models import ApiToken, User, Wallet
from content.services.people.accounts import change_password, save_person

WALLETS_SHOWN = 20
LINK = '<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a> {}'

# Permissions that would allow users to make anyone, including themselves, a superuser.
POWERS = ["is_superuser", "groups", "user_permissions"]


class PasswordForm(AdminPasswordChangeForm):
    """Set another user's password; this ends all tokens and sessions of that user."""

    def save(self, commit: bool = True) -> User:
        is_usable = self.cleaned_data["set_usable_password"]
        user: User = self.user
        change_password(user, self.cleaned_data["password1"] if is_usable else None)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, StrictAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = PasswordForm
    list_display = ["username", "email", "show_role", "show_active", "time_zone", "last_login"]
    list_filter = [
        ("is_staff", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
        ("is_active", BooleanRadioFilter),
    ]
    list_filter_submit = True
    search_fields = ["username", "email", "first_name", "last_name"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (
            "Person",
            {
                "fields": ["first_name", "last_name", "email", "time_zone", "show_wallets"],
                "description": "Password links are sent to this address. "
                "Mails about batches go to the address of each wallet.",
            },
        ),
        (
            "Rights",
            {
                "fields": ["is_active", "is_staff", *POWERS],
                "description": "Users who are not “active” can't sign in: all API tokens and "
                "sessions end immediately, and their pending batches fail. “Staff” opens this "
                "admin; groups and permissions, which only superusers can change, decide what a "
                "person may do here. Only superusers can edit staff.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["username", "email", "time_zone", "usable_password"],
                "classes": ["wide"],
                "description": "To sell or buy, the person needs a wallet too: assign one at the "
                "wallet's page. Users with a password and an e-mail address can reset the password "
                "by “Forgot your password?”.",
            },
        ),
        ("Password", {"fields": ["password1", "password2"]}),
    ]
    readonly_fields = ["show_wallets", "last_login", "date_joined"]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        if str(request.user.pk) == id:  # users change their own password with the old one
            return redirect("password-change")
        return super().user_change_password(request, id, form_url)

    @display(
        description="Role", label={"Superuser": "danger", "Staff": "warning", "Person": "info"}
    )
    def show_role(self, user: User) -> str:
        if user.is_superuser:
            return "Superuser"
        return "Staff" if user.is_staff else "Person"

    @display(description="Active", boolean=True, ordering="is_active")
    def show_active(self, user: User) -> bool:
        return user.is_active

    @display(description="Wallets")
    def show_wallets(self, user: User) -> str:
        wallets = Wallet.objects.owned_by(user)[:WALLETS_SHOWN]
        page = "admin:content_wallet_change"
        links = [(reverse(page, args=[wallet.pk]), wallet, wallet.pk) for wallet in wallets]
        if not links:
            return "None yet. Assign one at the wallet's page, under Owner."
        return format_html_join(mark_safe("<br>"), LINK, links)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if request.user.is_superuser:
            return self.readonly_fields
        is_staff = [] if obj and self._may_make_staff(request, obj) else ["is_staff"]
        return [*self.readonly_fields, *is_staff, *POWERS]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # Only the edited fields: the password or the last log-in may have changed since.
        names = {field.name for field in User._meta.concrete_fields}
        save_person(obj, fields=names & set(form.changed_data))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and bool(request.user.is_superuser)

    def _may_make_staff(self, request: HttpRequest, obj: User) -> bool:
        """Requires the permission, and that activating the account grants no further rights."""
        user = request.user
        return user.has_perm("content.set_staff") and user.has_perms(_rights_of(obj))

    def _may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        """Superusers may edit everyone; others may edit themselves and people who are not staff."""
        if obj is None or request.user.is_superuser or obj.pk == request.user.pk:
            return True
        return not (obj.is_superuser or obj.is_staff)


class GroupAdmin(DjangoGroupAdmin, StrictAdmin):
    """Superusers only: the rights of a group are rights of its members."""

    empty_hint = "Only superusers can add groups."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


replace(Group, GroupAdmin)
if admin.site.is_registered(AuthToken):
    admin.site.unregister(AuthToken)  # knox's own, which shows digests and has no table here


def _rights_of(user: User) -> set[str]:
    """Return the rights the user would have if active: the backend gives inactive users none."""
    awake = User(pk=user.pk, is_superuser=user.is_superuser, is_active=True)
    return awake.get_all_permissions()


class WalletForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Wallet
        fields = ["address", "display_name", "owner", "is_creator", "email", "notify"]

    def clean_display_name(self) -> str:
        try:
            return rules.clean_text(self.cleaned_data["display_name"], maximum=100)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Wallet)
class WalletAdmin(StrictAdmin):
    form = WalletForm
    list_display = ["show_wallet", "show_owner", "show_creator", "email", "notify"]
    list_display_links = ["show_wallet"]
    list_filter = [("is_creator", BooleanRadioFilter), ("owner", AutocompleteSelectFilter)]
    list_filter_submit = True
    search_fields = ["address", "display_name", "email"]
    ordering = ["display_name", "address"]
    autocomplete_fields = ["owner"]
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {
                "fields": ["address", "display_name", "owner", "is_creator"],
                "description": "The owner signs in and acts for this address: sells its content if "
                "it is a creator's, buys with it if not. A person may own several. An owner who "
                "loses a wallet can no longer change its content; pending batches fail.",
            },
        ),
        ("Mail", {"fields": ["email", "notify"]}),
    ]

    @display(description="Wallet", ordering="display_name", header=True)
    def show_wallet(self, wallet: Wallet) -> list[str]:
        # Shortened: a full address is wider than a phone. The wallet's page shows all of it.
        return [str(wallet), wallet.short_address if wallet.display_name else ""]

    @display(description="Owner", empty_value="–")
    def show_owner(self, wallet: Wallet) -> str | None:
        return str(wallet.owner) if wallet.owner else None

    @display(description="Creator", boolean=True, ordering="is_creator")
    def show_creator(self, wallet: Wallet) -> bool:
        return wallet.is_creator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        return super().get_queryset(request).prefetch_related("owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Wallet | None = None) -> list[str]:
        return ["address"] if obj else []

    def save_model(self, request: HttpRequest, obj: Wallet, form: Any, change: bool) -> None:
        # Only the edited fields: the quota counters may have changed since the row was read.
        obj.save(**({"update_fields": form.changed_data} if change else {"force_insert": True}))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """The list of API tokens, to revoke them. The key is the digest, so no URL contains it."""

    empty_hint = "People create tokens on their own profile page."
    list_display = ["token_key", "name", "show_user", "created", "expiry"]
    list_display_links = None
    list_filter = ["created", "expiry"]
    search_fields = ["token_key", "name"]
    ordering = ["-created"]
    prefetch = ("user",)
    actions = ["revoke"]

    @display(description="User")
    def show_user(self, token: ApiToken) -> str:
        return str(token.user)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.delete_apitoken")

    @action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        keys = list(queryset.values_list("pk", flat=True))
        ApiToken.objects.filter(pk__in=keys).delete()
        self.message_user(request, f"Revoked {len(keys)} tokens.", messages.SUCCESS)

    @admin.display(description=unfold_checkbox.render("action_toggle_all", 1))
    def action_checkbox(self, obj: ApiToken) -> str:
        return unfold_checkbox.render(helpers.ACTION_CHECKBOX_NAME, obj.token_key)

    def response_action(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> Any:
        """Map the first letters of the tokens, which the checkboxes carry, to keys."""
        chosen = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        digests = queryset.filter(token_key__in=chosen).values_list("pk", flat=True)
        posted = request.POST.copy()
        posted.setlist(helpers.ACTION_CHECKBOX_NAME, list(digests))
        request.POST = posted  # type: ignore[assignment]
        return super().response_action(request, queryset)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> None:
        return None  # there is no page of one token
