"""The pure validation functions, at their limits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import rules
from content.cells import neutral_cell
from content.principals import c32_address, clean_address


@pytest.mark.parametrize("value", [0, 1, 10**15])
def test_prices_within_the_limits(value):
    assert rules.clean_price(value) == value


@pytest.mark.parametrize(
    "value", [-1, 10**15 + 1, 2**63, 10**4299, 1.5, 1.0, "5", True, None, [1], float("nan")]
)
def test_prices_that_are_none(value):
    with pytest.raises(ValueError, match=r"micro-STX"):
        rules.clean_price(value)


@pytest.mark.parametrize("value", [-100, 1000, 0.01, -12.5, Decimal("33.33")])
def test_percentages_within_the_limits(value):
    assert rules.clean_percent(value) == Decimal(str(value))


@pytest.mark.parametrize(
    "value",
    [0, 0.0, -100.01, 1000.01, 0.001, True, "10", None, float("nan"), float("inf"), 10**400],
)
def test_percentages_that_are_none(value):
    with pytest.raises(ValueError, match=r"percentage|changes nothing"):
        rules.clean_percent(value)


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [(1, "50", 2), (3, "-50", 2), (5, "10", 6), (4, "10", 4), (10**15, "-100", 0), (0, "10", 0)],
)
def test_percent_rounds_half_up_to_a_micro_stx(price, percent, expected):
    assert rules.percent_of_price(price, Decimal(percent)) == expected


@pytest.mark.parametrize("value", ["a", "7", "A-z_0.9:x", "x" * 64])
def test_ids(value):
    assert rules.clean_content_id(value) == value


def test_an_integer_id_is_its_decimal_string():
    assert rules.clean_content_id(2**63 - 1) == "9223372036854775807"


@pytest.mark.parametrize(
    "value", ["", "x" * 65, "a b", "ä", "7\n", 2**63, -1, True, 1.0, None, {"$ne": 1}, ["a"], "٣"]
)
def test_ids_that_are_none(value):
    with pytest.raises(ValueError, match=r"id"):
        rules.clean_content_id(value)


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("1", 1_000_000),
        ("1,234.5", 1_234_500_000),
        (" 0.000001 STX ", 1),
        ("0", 0),
        ("1,234,567", 1_234_567_000_000),
    ],
)
def test_typed_prices(text, micro):
    assert rules.parse_stx(text) == micro


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "-1", "1e3", "1.0000001", "10" * 12, "1_000", "٣", "1.2.3", "nan"),
        *("1000000001", "0,5", "2,50", "1.234,5", "1,23,456", "1,0000", "1,", ",5"),
    ],
)
def test_invalid_prices(text):
    with pytest.raises(ValueError, match=r"."):
        rules.parse_stx(text)


@pytest.mark.parametrize(("text", "percent"), [("10", "10"), ("+10 %", "10"), ("−12.5", "-12.5")])
def test_typed_percentages(text, percent):
    assert rules.parse_percent(text) == Decimal(percent)


@pytest.mark.parametrize("text", ["", "ten", "1e3", "0", "-101", "1001", "1.234", "9" * 400])
def test_invalid_percentages(text):
    with pytest.raises(ValueError, match=r"."):
        rules.parse_percent(text)


@given(st.integers(0, rules.MAX_PRICE))
def test_a_price_reads_back_as_it_was_written(micro):
    assert rules.parse_stx(rules.format_stx(micro)) == micro


@pytest.mark.parametrize("text", ["\u200b", " \u00a0", "\u2060\ufeff", "\u0301"])
def test_invisible_text_is_empty(text):
    with pytest.raises(ValueError, match=r"empty|can.t be shown"):
        rules.clean_text(text, minimum=1, maximum=100)


@pytest.mark.parametrize("text", ["=1", " =1", "\uff1d1+1", "\n+1", "@a", "-1"])
def test_no_cell_is_a_formula(text):
    assert neutral_cell(text) == f"'{text}"


def test_prices_are_shown_with_separators():
    assert rules.format_stx(1_234_500_000) == "1,234.5 STX"
    assert rules.format_stx(-1) == "-0.000001 STX"


@pytest.mark.parametrize(
    "text", ["a\0b", "\ud800", "a\u202eb", "a\u2066b", "a\rb", "line\nbreak", "\x7f", " ", ""]
)
def test_text_that_is_refused(text):
    with pytest.raises(ValueError, match=r"text"):
        rules.clean_text(text, minimum=1, maximum=255)


def test_text_with_markup_is_plain_text():
    assert rules.clean_text("<b>{{7*7}}\t'--", maximum=255) == "<b>{{7*7}}\t'--"


# From the Stacks documentation and from the vectors of the reference library.
KNOWN = [
    "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7",
    "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
    "SP000000000000000000002Q6VF78",
]


@pytest.mark.parametrize("address", KNOWN)
def test_addresses(address):
    assert clean_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        KNOWN[0][:-1] + "8",
        KNOWN[0].lower(),
        "SP" + "0" * 38,
        "",
        None,
        5,
        "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7.contract",
    ],
)
def test_addresses_that_are_none(address):
    with pytest.raises(ValueError, match=r"address"):
        clean_address(address)


@given(st.binary(min_size=20, max_size=20), st.sampled_from([22, 26, 20, 21]))
def test_every_hash_encodes_to_valid_address(hash160, version):
    address = c32_address(version, hash160)
    assert clean_address(address) == address
