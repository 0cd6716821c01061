"""What holds for a whole file: the order of day, month and year, and comma or point before cents."""

from collections import Counter

from imports.dates import DMY, EXAMPLES, MDY, leading, tally
from imports.given import Given
from imports.money import COMMA, POINT, find_decimal
from imports.sheets import Sheet
from imports.tables import DAY, MOMENT, MONEY

# A column goes its own way when less than this part of its own best reading fits the file's order.
_DISAGREES = 0.5


def settle_dates(sheets: list[Sheet], given: Given, fallback: str) -> None:
    """Decide each file's order: by its own dates, else other files', else `fallback`, told as ambiguous."""
    tallies = [_tallies(sheet) for sheet in sheets]
    everywhere = leading(
        sum((sum(columns.values(), start=Counter()) for columns in tallies), start=Counter())
    )
    for sheet, columns in zip(sheets, tallies, strict=True):
        counts = _all(columns.values())
        told = given.answer(given.date_orders, sheet.table.name)
        own = leading(counts)
        order = told or own or everywhere or fallback
        sheet.date_orders = {name: told or _column_order(each, order) for name, each in columns.items()}
        if columns:
            _tell_order(sheet, order, _why(order, told, own, everywhere, counts))


def settle_decimals(sheets: list[Sheet], given: Given, fallback: str) -> None:
    """Decide what stands before the cents in each column: its own amounts, else others', else `fallback`."""
    everywhere = find_decimal([cell for sheet in sheets for cell in sheet.cells(MONEY)])
    for sheet in sheets:
        told = given.answer(given.decimals, sheet.table.name)
        for each in sheet.table.fields:
            if each.holds != MONEY or each.name not in sheet.columns.places:
                continue
            own = find_decimal(sheet.column(each.name))
            decimal = told or own or everywhere or fallback
            sheet.decimals[each.name] = decimal
            because = (
                "given"
                if told
                else "as its amounts show"
                if own
                else "as other columns show"
                if everywhere
                else "no amount shows cents"
            )
            option = f"--decimal {sheet.table.name}={COMMA if decimal == POINT else POINT}"
            sheet.assume(f"cents in {sheet.heading(each.name)}", decimal, because, option)


def _tallies(sheet: Sheet) -> dict[str, Counter]:
    """For each column of days: how many are real days under each order."""
    return {
        each.name: tally(sheet.column(each.name))
        for each in sheet.table.fields
        if each.holds in (DAY, MOMENT) and each.name in sheet.columns.places
    }


def _all(counts) -> Counter:
    return sum(counts, start=Counter())


def _column_order(counts: Counter, order: str) -> str:
    own = leading(counts)
    return own if own and counts[order] < counts[own] * _DISAGREES else order


def _why(order: str, told: str | None, own: str | None, everywhere: str | None, counts: Counter) -> str:
    if told:
        return "given"
    if own:
        otherwise = max((n for order, n in counts.items() if order != own), default=0)
        return f"{counts[own]} of its dates are real days so, {otherwise} otherwise"
    if not counts:
        return "every date names its own order"
    if everywhere:
        return "its dates read both ways; the other files show it"
    return "AMBIGUOUS: every date reads both ways; taken as the desk's country writes it"


def _tell_order(sheet: Sheet, order: str, because: str) -> None:
    other = {MDY: DMY, DMY: MDY}.get(order, MDY)
    option = f"--date-order {sheet.table.name}={other}"
    sheet.assume("date order", f"{order}, as {EXAMPLES[order]}", because, option)
    for name, own in sheet.date_orders.items():
        if own != order:
            told = f"{own}, as {EXAMPLES[own]}"
            sheet.assume(
                f"date order in {sheet.heading(name)}", told, "unlike the file's other columns", option
            )
