"""Imports rows into the catalogue, with a report for each part."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

from content import rules
from content.errors import AlreadyExists, Invalid
from content.models import Content, Wallet
from content.services.catalogue.changes import add_contents
from content.services.catalogue.fields import (
    clean_description,
    clean_micro_price,
    clean_onchain_id,
    clean_title,
    clean_type,
    cleaned,
    required,
    values_of,
)
from content.services.catalogue.files import Row
from content.services.people.wallet_lookup import find_creator

PART_ROWS = 500
REMEDIES = {
    "price": "No row has a price: give one for all with --price 2.5, or a range with --price 1-20; "
    "or name the column that holds it with --map price=COLUMN.",
    "creator": "No row has a creator: set one with --creator ADDRESS_OR_USERNAME; "
    "or name the column that holds it with --map creator=COLUMN.",
}


@dataclass(frozen=True)
class PriceRange:
    """Prices in micro-STX, derived from the item's id, so that a repeat gives the same."""

    minimum: int
    maximum: int

    def price_of(self, content_id: str) -> int:
        step = 10_000 if self.maximum - self.minimum >= 10_000 else 1
        number = int.from_bytes(hashlib.sha256(content_id.encode()).digest()[:8], "big")
        return self.minimum + step * (number % ((self.maximum - self.minimum) // step + 1))


@dataclass(frozen=True)
class Defaults:
    """Defaults for missing fields. Creators are used in turn, row by row."""

    creators: Sequence[Wallet] = ()
    price: PriceRange | None = None
    url_template: str = ""
    content_type: str = Content.Type.VIDEO
    is_onchain: bool = False


@dataclass
class Part:
    """The result for some rows. `refused` has (place, reason)."""

    read: int = 0
    added: int = 0
    skipped: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def import_rows(
    rows: Iterable[Row],
    *,
    columns: Mapping[str, str],
    defaults: Defaults,
    dry_run: bool = False,
) -> Iterator[Part]:
    """Add an item for each row, and report after every few hundred; ids that exist are skipped.

    `columns` maps fields to columns; other fields are found under their own name. Every part is
    a transaction of its own, so repeating after a crash continues where it stopped.
    """
    importer = _Importer(columns, defaults, dry_run)
    numbered = enumerate(rows)
    while chunk := list(islice(numbered, PART_ROWS)):
        yield importer.take(chunk)


def missing_in_all(
    rows: Iterable[Row], *, columns: Mapping[str, str], defaults: Defaults
) -> str | None:
    """Return the message for a required field that no row and no default has."""
    needed = {"price", "creator"}
    if defaults.price is not None:
        needed.discard("price")
    if defaults.creators:
        needed.discard("creator")
    has_rows = False
    for row in rows:
        if row.problem:
            continue
        try:
            names = values_of(row, columns).keys()
        except ValueError:
            return None
        has_rows = True
        needed -= {"price" if name == "price-micro" else name for name in names}
    remedies = [words for name, words in REMEDIES.items() if name in needed]
    return " ".join(remedies) if has_rows and remedies else None


def parse_price_range(text: str) -> PriceRange:
    """`2.5` or `1-20`, in STX. Raises ValueError."""
    minimum, dash, maximum = text.partition("-")
    prices = PriceRange(rules.parse_stx(minimum), rules.parse_stx(maximum if dash else minimum))
    if prices.minimum > prices.maximum:
        raise ValueError("A range of prices begins with the lower one, such as 1-20.")
    return prices


def clean_url_template(template: str) -> str:
    """Return a URL with `{id}` where the item's id belongs. Raises ValueError."""
    if "{id}" not in template:
        raise ValueError("The template must contain {id}, such as https://example.org/{id}.")
    return rules.clean_url(template.replace("{id}", "1")) and template


class _Importer:
    def __init__(self, columns: Mapping[str, str], defaults: Defaults, dry_run: bool) -> None:
        self.columns, self.defaults, self.dry_run = columns, defaults, dry_run
        self.wallets: dict[str, Wallet] = {}
        self.last_onchain_id = 0

    def take(self, chunk: Sequence[tuple[int, Row]]) -> Part:
        part = Part(read=len(chunk))
        contents: dict[str, tuple[Row, Content]] = {}
        for number, row in chunk:
            try:
                content = self._content(number, row)
            except ValueError as error:
                part.refused.append((row.place, str(error)))
                continue
            if content.pk in contents:
                part.skipped += 1
            else:
                contents[content.pk] = (row, content)
        for key in Content.objects.filter(pk__in=list(contents)).values_list("pk", flat=True):
            del contents[key]
            part.skipped += 1
        self._refuse_taken_onchain_ids(contents, part)
        if self.defaults.is_onchain:
            self._number([content for _, content in contents.values()])
        if self.dry_run:
            part.added += len(contents)
        elif contents:
            self._add(contents, part)
        return part

    def _add(self, contents: Mapping[str, tuple[Row, Content]], part: Part) -> None:
        items = [content for _, content in contents.values()]
        try:
            part.added += len(add_contents(items, by=None, cause="import"))
            return
        except AlreadyExists:
            pass  # someone is adding the same items right now: fall back to one at a time
        for row, content in contents.values():
            try:
                part.added += len(add_contents([content], by=None, cause="import"))
            except AlreadyExists:
                if Content.objects.filter(pk=content.pk).exists():
                    part.skipped += 1
                else:
                    part.refused.append((row.place, "onchain-id: Another item has this id."))

    def _refuse_taken_onchain_ids(
        self, contents: dict[str, tuple[Row, Content]], part: Part
    ) -> None:
        numbers = [
            content.onchain_id for _, content in contents.values() if content.onchain_id is not None
        ]
        if not numbers:
            return
        taken = set(
            Content.objects.filter(onchain_id__in=numbers).values_list("onchain_id", flat=True)
        )
        for key, (row, content) in list(contents.items()):
            if content.onchain_id in taken:
                part.refused.append((row.place, "onchain-id: Another item has this id."))
                del contents[key]
            elif content.onchain_id is not None:
                taken.add(content.onchain_id)

    def _number(self, contents: Sequence[Content]) -> None:
        """Give items without an on-chain id the next free numbers."""
        numbered = Content.objects.filter(onchain_id__isnull=False).order_by("-onchain_id")
        highest = numbered.values_list("onchain_id", flat=True).first() or 0
        given = [content.onchain_id or 0 for content in contents]
        self.last_onchain_id = max(self.last_onchain_id, highest, *given, 0)
        for content in contents:
            if content.onchain_id is None:
                self.last_onchain_id += 1
                content.onchain_id = self.last_onchain_id

    def _content(self, number: int, row: Row) -> Content:
        """Return the item that a row describes. Raises ValueError that names the field."""
        if row.problem:
            raise ValueError(row.problem)
        values = values_of(row, self.columns)
        content_id = cleaned("id", rules.clean_content_id, required(values, "id"))
        return Content(
            content_id=content_id,
            title=cleaned("title", clean_title, required(values, "title")),
            description=cleaned("description", clean_description, values.get("description", "")),
            content_type=cleaned(
                "type", clean_type, values.get("type", self.defaults.content_type)
            ),
            price=self._price(values, content_id),
            creator=self._creator(values, number),
            url=self._url(values, content_id),
            onchain_id=(
                cleaned("onchain-id", clean_onchain_id, values["onchain-id"])
                if "onchain-id" in values
                else None
            ),
        )

    def _price(self, values: Mapping[str, str], content_id: str) -> int:
        if "price-micro" in values:
            return int(cleaned("price-micro", clean_micro_price, values["price-micro"]))
        if "price" in values:
            return int(cleaned("price", rules.parse_stx, values["price"]))
        if self.defaults.price is None:
            raise ValueError("price: Missing, and no --price is given.")
        return self.defaults.price.price_of(content_id)

    def _creator(self, values: Mapping[str, str], number: int) -> Wallet:
        name = values.get("creator")
        if name is None:
            if not self.defaults.creators:
                raise ValueError("creator: Missing, and no --creator is given.")
            return self.defaults.creators[number % len(self.defaults.creators)]
        if name not in self.wallets:
            try:
                self.wallets[name] = find_creator(name, make=not self.dry_run)
            except Invalid as error:
                raise ValueError(f"creator: {error.message}") from error
        return self.wallets[name]

    def _url(self, values: Mapping[str, str], content_id: str) -> str:
        if "url" in values:
            return str(cleaned("url", rules.clean_url, values["url"]))
        return self.defaults.url_template.replace("{id}", quote(content_id, safe=""))
