"""Unfold's settings: colours, icon and sidebar."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

# Tailwind's indigo, also the accent of the pages.
ACCENT = {
    "50": "oklch(96.2% .018 272.314)",
    "100": "oklch(93% .034 272.788)",
    "200": "oklch(87% .065 274.039)",
    "300": "oklch(78.5% .115 274.713)",
    "400": "oklch(67.3% .182 276.935)",
    "500": "oklch(58.5% .233 277.117)",
    "600": "oklch(51.1% .262 276.966)",
    "700": "oklch(45.7% .24 277.023)",
    "800": "oklch(39.8% .195 277.366)",
    "900": "oklch(35.9% .144 278.697)",
    "950": "oklch(25.7% .09 281.288)",
}

# Three layers in the accent colour; inline, since browsers otherwise request /favicon.ico.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' "
    "fill='%234f39f6'%3E%3Cpath d='M12 2 2 8l10 6 10-6z'/%3E"
    "%3Cpath d='M2 12l10 6 10-6v3l-10 6-10-6z' opacity='.6'/%3E%3C/svg%3E"
)

# Shown to users who may view batches.
BATCHES = "batches.view_batchoperation"


def unfold_settings(site_name: str) -> dict[str, Any]:
    return {
        "SITE_TITLE": site_name,
        "SITE_HEADER": site_name,
        "SITE_SUBHEADER": "Paid content, changed in bulk",
        "SITE_SYMBOL": "layers",
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": ICON}],
        "SITE_URL": "/",
        "LOGIN": {"form": "content.forms.AdminSignInForm"},
        "DASHBOARD_CALLBACK": "batches.admin.home.dashboard",
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "COLORS": {"primary": ACCENT},
        "STYLES": [lambda request: static("content/admin.css")],
        "SIDEBAR": {
            "navigation": [
                {"items": [{"title": "Home", "icon": "home", "link": reverse_lazy("admin:index")}]},
                _group(
                    "Catalogue",
                    _link("Contents", "sell", "content", "content"),
                    _link("Content changes", "history", "content", "contentchange"),
                ),
                _group(
                    "Batches",
                    _link("Batches", "stacks", "batches", "batchoperation"),
                    _link("Results", "fact_check", "batches", "batchitem"),
                    _link("Templates", "event_repeat", "batches", "template", BATCHES),
                    _link("Template runs", "schedule", "batches", "templaterun", BATCHES),
                    _link("Dependencies", "account_tree", "batches", "dependency", BATCHES),
                    _link("Runs", "assignment_turned_in", "batches", "submission"),
                    _link("Notifications", "mail", "batches", "notification"),
                ),
                _group(
                    "People",
                    _link("Users", "person", "content", "user"),
                    _link("Groups", "group", "auth", "group"),
                    _link("Wallets", "account_balance_wallet", "content", "wallet"),
                    _link("API tokens", "key", "content", "apitoken"),
                ),
                _group(
                    "Chain",
                    _link("Contract calls", "link", "content", "contractcall"),
                    _link("Sandbox transactions", "receipt_long", "content", "sandboxtransaction"),
                ),
            ]
        },
    }


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


def _link(title: str, icon: str, app: str, model: str, right: str = "") -> dict[str, Any]:
    """Return True for users who may view or change that model, or have that permission."""

    def may_view(request: HttpRequest) -> bool:
        user = request.user
        if right:
            return user.has_perm(right)
        return user.has_perm(f"{app}.view_{model}") or user.has_perm(f"{app}.change_{model}")

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": may_view,
    }
