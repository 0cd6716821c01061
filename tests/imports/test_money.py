"""Amounts with comma and point."""

from decimal import Decimal

import pytest

from imports.money import COMMA, POINT, find_decimal, parse_amount


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("1,234.50", POINT, "1234.50"),
        ("1.234,50", COMMA, "1234.50"),
        ("€ 1.234,5", COMMA, "1234.50"),
        ("1'234.50 CHF", POINT, "1234.50"),
        ("1 234,50 €", COMMA, "1234.50"),
        ("1234", COMMA, "1234.00"),
        ("(12.00)", POINT, "-12.00"),
        ("12,00-", COMMA, "-12.00"),
        ("0.5", POINT, "0.50"),
    ],
)
def test_amount_is_read_with_its_mark(text, decimal, amount):
    assert parse_amount(text, decimal) == Decimal(amount)


@pytest.mark.parametrize("text", ["twelve", "", "1,50", "12.345", "1.2.3", "999999999999", "1e5", "NaN"])
def test_what_is_no_amount_is_none(text):
    assert parse_amount(text, POINT) is None


@pytest.mark.parametrize(
    ("values", "decimal"),
    [
        (["12.50", "600"], POINT),
        (["12,50", "600"], COMMA),
        (["1.234,50"], COMMA),
        (["1,234,567"], POINT),
        (["1.500", "2.000"], COMMA),
        (["1.500", "2,75"], COMMA),
        (["600", ""], None),
    ],
)
def test_mark_before_the_cents_is_found(values, decimal):
    assert find_decimal(values) == decimal
