"""A bank's file, read."""

from decimal import Decimal

from imports.bank.reading import read_bank_file

D = Decimal


def read(data, name="statement.csv", **told):
    data = data.encode() if isinstance(data, str) else data
    return read_bank_file(data, name=name, **{"currency": "GBP", "country": "GB", **told})


def said(data, **told):
    """(day, amount, currency, payer, reference) of each line."""
    return [
        (line.booked_on.isoformat(), str(line.amount), line.currency, line.payer, line.reference)
        for line in read(data, **told).lines
    ]


def refused(found):
    """(where, what stood there, what was expected) of each line that could not be read."""
    return [(each.where, each.found, each.expected) for each in found.refused]
