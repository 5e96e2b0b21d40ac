"""Filters and order of lists of items."""

from django_filters.rest_framework import FilterSet

from content import rules
from content.api.queries import Checked, boolean, choice, integer, search_words
from content.models import ContentQuerySet
from content.principals import clean_address

_PRICE = integer(minimum=0, maximum=rules.MAX_PRICE)
_PRICE_SCHEMA = {"type": "integer", "minimum": 0, "maximum": rules.MAX_PRICE}
ORDERINGS = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "price": "price",
    "title": "title",
}
_ORDERING_NAMES = [sign + name for name in ORDERINGS for sign in ("", "-")]


def ordered(contents: ContentQuerySet, ordering: str) -> ContentQuerySet:
    """Order by one field and then by key, so that pages don't overlap."""
    sign = "-" if ordering.startswith("-") else ""
    return contents.order_by(sign + ORDERINGS[ordering.removeprefix("-")], f"{sign}content_id")


class ContentFilter(FilterSet):  # type: ignore[misc]
    creator = Checked(
        clean_address, lambda rows, address: rows.by_creator(address), {"type": "string"}
    )
    contentType = Checked(
        choice(*rules.CONTENT_TYPES),
        lambda rows, kind: rows.of_type(kind),
        {"type": "string", "enum": list(rules.CONTENT_TYPES)},
    )
    isRemoved = Checked(
        boolean, lambda rows, wanted: rows.removed(wanted), {"type": "boolean"}, default=False
    )
    priceMin = Checked(_PRICE, lambda rows, minimum: rows.priced(minimum=minimum), _PRICE_SCHEMA)
    priceMax = Checked(_PRICE, lambda rows, maximum: rows.priced(maximum=maximum), _PRICE_SCHEMA)
    search = Checked(
        search_words,
        lambda rows, words: rows.search(words),
        {"type": "string", "minLength": 1, "maxLength": 100},
    )
    ordering = Checked(
        choice(*_ORDERING_NAMES),
        ordered,
        {"type": "string", "enum": _ORDERING_NAMES, "default": "-createdAt"},
        default="-createdAt",
    )
