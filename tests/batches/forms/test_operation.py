"""The forms of the operations: input and errors."""

from decimal import Decimal

import pytest

from batches.forms.operation import FORMS, PriceForm
from batches.operations import OPERATIONS


def test_every_operation_has_a_form():
    assert list(FORMS) == list(OPERATIONS)


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ({"new_price": "2.5"}, {"newPrice": 2_500_000}),
        ({"new_price": " 1,234.5 STX "}, {"newPrice": 1_234_500_000}),
        ({"new_price": "0"}, {"newPrice": 0}),
        ({"percent_change": "+10 %"}, {"percentChange": Decimal(10)}),
        ({"percent_change": "\u221212.5"}, {"percentChange": Decimal("-12.5")}),
    ],
)
def test_form_input_becomes_valid_payload(typed, payload):
    form = PriceForm(typed)
    assert form.is_valid(), form.errors
    assert form.payload() == payload
    OPERATIONS["update-price"].clean_payload(form.payload())


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("new_price", "-1", "Enter a price in STX"),
        ("new_price", "9223372036854775808", "between 0 and"),
        ("new_price", "1" + "0" * 4299, "Enter a price in STX"),
        ("new_price", "0.0000001", "six decimal places"),
        ("new_price", "1e3", "Enter a price in STX"),
        ("new_price", "NaN", "Enter a price in STX"),
        ("new_price", "Infinity", "Enter a price in STX"),
        ("new_price", "true", "Enter a price in STX"),
        ("new_price", "1_000", "Enter a price in STX"),
        ("new_price", "\u0661\u0662", "Enter a price in STX"),
        ("new_price", "[1]", "Enter a price in STX"),
        ("new_price", "1\x00", "Null characters"),
        ("percent_change", "0", "changes nothing"),
        ("percent_change", "-100.01", "between -100 and 1,000"),
        ("percent_change", "1e400", "Enter a percentage"),
        ("percent_change", "1.234", "two decimal places"),
        ("percent_change", "1." + "1" * 400, "two decimal places"),
    ],
)
def test_invalid_price_shown_at_field(field, text, words):
    form = PriceForm({field: text})
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]


def test_exactly_one_price_required():
    assert "Give a new price" in PriceForm({}).errors["new_price"][0]
    both = PriceForm({"new_price": "1", "percent_change": "10"})
    assert "not both" in both.errors["percent_change"][0]
