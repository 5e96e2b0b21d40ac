"""Change the price: to an amount, or by a percentage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from batches.operations.base import (
    OUT_OF_RANGE,
    REMOVED,
    Alter,
    Operation,
    Refused,
    Unchanged,
    Verdict,
)
from batches.operations.fields import Option
from batches.rules import FieldErrors
from content.models import ContentRow
from content.rules import (
    MAX_PRICE,
    clean_percent,
    clean_price,
    format_stx,
    parse_percent,
    parse_stx,
    percent_of_price,
    plain_stx,
)


class UpdatePrice(Operation):
    kind = "update-price"
    created_message = "Batch price update initiated"
    api_path = "batch-update-price"
    payload_fields = ("newPrice", "percentChange")
    form = "batches.forms.operation.PriceForm"
    body = "batches.api.bodies.PriceFields"
    may_end = True
    requested_columns = ("new_price", "percent")
    examples = {
        "Ten percent more": {"percentChange": 10},
        "One price for all": {"newPrice": 1_000_000},
    }
    options = (
        Option("price", "newPrice", parse_stx, "the new price in STX, such as 2.5", plain_stx),
        Option("percent", "percentChange", parse_percent, "a change, such as 10 or -12.5"),
    )

    def clean_payload(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`{"newPrice": micro-STX}` or `{"percentChange": percent}`, exactly one of them."""
        given = [name for name in self.payload_fields if name in raw]
        if not given:
            raise FieldErrors({"newPrice": ["Give a new price, or a change in percent."]})
        if len(given) == 2:
            raise FieldErrors(
                {"percentChange": ["Give either a new price or a change in percent, not both."]}
            )
        name = given[0]
        try:
            if name == "newPrice":
                return {name: clean_price(raw[name])}
            percent = clean_percent(raw[name])
        except ValueError as error:
            raise FieldErrors({name: [str(error)]}) from error
        return {name: int(percent) if percent == int(percent) else float(percent)}

    def evaluate(self, content: ContentRow, payload: Mapping[str, Any], at: datetime) -> Verdict:
        if content.is_removed:
            return Refused(REMOVED)
        if "newPrice" in payload:
            price = payload["newPrice"]
        else:
            price = percent_of_price(content.price, Decimal(str(payload["percentChange"])))
        if not 0 <= price <= MAX_PRICE:
            return Refused(
                OUT_OF_RANGE, {"price": format_stx(price), "most": format_stx(MAX_PRICE)}
            )
        return Unchanged() if price == content.price else Alter({"price": price})

    def changed_fields(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return ("price",)

    def describe(self, payload: Mapping[str, Any]) -> str:
        if "newPrice" in payload:
            return f"{self.label} to {format_stx(payload['newPrice'])}"
        if "percentChange" not in payload:  # each item has its own price
            return f"{self.label}, item by item"
        return f"{self.label} {Decimal(str(payload['percentChange'])):+,} %"

    def requested(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        if "newPrice" in payload:
            return {"new_price": plain_stx(payload["newPrice"])}
        return {"percent": payload["percentChange"]}

    def cautions(self, afters: Sequence[Mapping[str, Any]]) -> list[str]:
        free = sum(after["price"] == 0 for after in afters)
        return [f"{free:,} of these items will cost nothing afterwards."] if free else []

    def success_words(self, after: Mapping[str, Any]) -> str:
        return f"Price updated to {format_stx(after['price'])}"

    def restored_words(self, after: Mapping[str, Any]) -> str:
        return f"Price restored to {format_stx(after['price'])}"

    def unchanged_words(self) -> str:
        return "It already had this price"
