"""Add or edit one item through the API: validation, permission, change."""

from collections.abc import Callable, Mapping
from typing import Any

from uuid_utils.compat import uuid7

from content import rules
from content.errors import Invalid, NotAllowed, NotFound, Removed, StaleVersion
from content.models import Content, User, Wallet
from content.principals import clean_address
from content.services.catalogue.changes import add_contents, change_content

Check = Callable[[Any], Any]


# The body's field, the model's field, and its rule.
EDITABLE: dict[str, tuple[str, Check]] = {
    **rules.METADATA,
    "price": ("price", rules.clean_price),
    "url": ("url", rules.clean_url),
}
CREATE_ONLY: dict[str, tuple[str, Check]] = {
    "contentId": ("content_id", rules.clean_content_id),
    "creator": ("creator_id", clean_address),
    "onchainId": (
        "onchain_id",
        lambda value: rules.clean_integer(value, minimum=0, maximum=rules.MAX_ID),
    ),
}
REQUIRED = ("title", "price")
NOT_YOURS = "You may not change the content of this creator."


def add_content(body: Mapping[str, Any], *, by: User) -> Content:
    """Put a new item on sale. Raises Invalid, NotAllowed and AlreadyExists."""
    values = _clean(body, {**EDITABLE, **CREATE_ONLY}, required=REQUIRED)
    wallet = _seller_wallet(by, values.pop("creator_id", None))
    values.setdefault("content_id", str(uuid7()))
    values["token_gating"] = rules.token_gating_after({}, values.pop("token_gating", False))
    content = Content(creator=wallet, **values)
    add_contents([content], by=by, cause="api")
    return content


def edit_content(
    content_id: str,
    body: Mapping[str, Any],
    *,
    by: User,
    is_expected: Callable[[int], bool] | None = None,
) -> Content:
    """Change one item; `is_expected` checks the current version, None accepts any.

    Raises Invalid, NotFound, NotAllowed, Removed and, only with `is_expected`, StaleVersion.
    """
    values = _clean(body, EDITABLE)
    if not values:
        raise Invalid("Give at least one field to change.", errors={}, allowed_fields=[*EDITABLE])
    found = find_content(content_id)
    if not may_edit(by, found):
        raise NotAllowed(NOT_YOURS)

    def after(content: Content) -> Mapping[str, Any]:
        # Check the locked row: others may have written since it was read.
        if content.creator_id != found.creator_id:
            raise NotAllowed(NOT_YOURS)
        if content.is_removed:
            raise Removed(removed_at=content.removed_at, removal_reason=content.removal_reason)
        if is_expected is not None and not is_expected(content.version):
            raise StaleVersion
        if "token_gating" not in values:
            return values
        gate = rules.token_gating_after(content.token_gating, values["token_gating"])
        return {**values, "token_gating": gate}

    return change_content(content_id, after, version=None, by=by, cause="api")


def find_content(content_id: str) -> Content:
    """Return the item with this id. Raises NotFound, also for an invalid id."""
    try:
        content = Content.objects.filter(pk=rules.clean_content_id(content_id)).first()
    except ValueError:
        raise NotFound from None
    if content is None:
        raise NotFound
    return content


def may_edit(user: User, content: Content) -> bool:
    """Return True for the owner, if a creator, and for staff who may change content."""
    if user.is_active and user.is_staff and user.has_perm("content.change_content"):
        return True
    own = Wallet.objects.owned_by(user).creators()
    return user.is_active and own.filter(pk=content.creator_id).exists()


def _clean(
    body: Mapping[str, Any],
    fields: Mapping[str, tuple[str, Check]],
    *,
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the clean values by model field. Raises Invalid that names every field."""
    errors = {name: ["This field is required."] for name in required if name not in body}
    values = {}
    unknown = [str(name)[:64] for name in body if name not in fields]
    for name, value in body.items():
        if name not in fields:
            errors[str(name)[:64]] = ["Unknown field."]
            continue
        field, check = fields[name]
        try:
            values[field] = check(value)
        except ValueError as error:
            errors[name] = [str(error)]
    if unknown:
        raise Invalid(
            "Some fields can't be set.",
            errors=errors,
            invalid_fields=unknown,
            allowed_fields=[*fields],
        )
    if errors:
        raise Invalid(errors=errors)
    return values


def _seller_wallet(user: User, address: str | None) -> Wallet:
    """Return a creator wallet of the user, by default the only one. Raises NotAllowed, Invalid."""
    own = Wallet.objects.owned_by(user).creators()
    if address is not None:
        wallet = own.filter(pk=address).first()
        if wallet is None:
            raise NotAllowed("You may not add content for this creator.")
        return wallet
    wallets = list(own[:2])
    if not wallets:
        raise NotAllowed("Only creators can add content.")
    if len(wallets) > 1:
        raise Invalid(errors={"creator": ["Specify which of your addresses to use."]})
    return wallets[0]
