"""Which contracts a bank line names: the exact number, however it is spelled, among all the other words.

A number counts only as a whole: "INV-20418" does not name contract 20418. Bare digits that could as
well be a year, an amount or an invoice's number count only where the words around say a contract.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contracts.bank_lines import BankLine
from contracts.models import Contract, NamedContract, Payment
from contracts.models.payment import LONGEST_WRITTEN_KEY
from customers.searchkeys import folded, serial_key

# As many words may a number be spread over: "SC 2024 0118".
_MOST_WORDS = 4
# As many digits alone are hardly anything else than a number of ours.
_TELLING_DIGITS = 5
_HARD = re.compile(r"[\s/\\,;:()\[\]{}|+\"'“”‘’#*=&]+")
_DAY = re.compile(r"^\d{1,4}[./-]\d{1,2}[./-]\d{2,4}$")
_AMOUNT = re.compile(r"^[€£$]?\d{1,3}(?:[.,']?\d{3})*[.,]\d{2}[€£$]?$")
_CONTRACT_WORD = re.compile(
    r"^(contract|contracts|agreement|agrmt|vertrag|vertrags?nr|vertragsnummer|wartungsvertrag|contrat|contrato"
    r"|overeenkomst|renewal|no|nr|num|numero|number|nummer|n°|ref)\.?$"
)
_OTHER_WORD = re.compile(
    r"^(inv|invoice|invoices|bill|rechnung|rechnungsnr|re|rg|facture|factura|factuur|order|auftrag|visit|job"
    r"|customer|cust|kunde|kd|client|cliente|klant|account|acct)\.?$"
)
_MOST_KEYS = 5000
_LONGEST_KEY = 60


@dataclass(frozen=True)
class Named:
    """What one line names: contracts by their exact numbers, and the words that name them.

    Without a contract, `written` is what looks most like a number of one; never one that exists.
    """

    contracts: tuple[Contract, ...]
    written: str

    @property
    def kept(self) -> str:
        """As a payment keeps it: letters that fold into several grow, and no number of ours is so long."""
        return "" if len(serial_key(self.written)) > LONGEST_WRITTEN_KEY else self.written


def named_contracts(lines: Iterable[BankLine]) -> list[Named]:
    """What each line names, in the order in which it does: one query for hundreds of lines."""
    lines = list(lines)
    wanted = [_candidates(line) for line in lines]
    looks = [numbers_in(line) for line in lines]
    keys = {key for keys in wanted for key in keys} | {serial_key(word) for words in looks for word in words}
    contracts = _contracts_of(keys)
    return [_named(keys, likely, contracts) for keys, likely in zip(wanted, looks, strict=True)]


def keep_names(payments: Iterable[Payment], named: Iterable[Named]) -> None:
    """Of money that names several contracts each of them: none may lapse while it waits. One statement."""
    names = [
        NamedContract(payment=payment, number_key=contract.number_key)
        for payment, meant in zip(payments, named, strict=True)
        if len(meant.contracts) > 1
        for contract in meant.contracts
    ]
    NamedContract.objects.bulk_create(names, batch_size=1000)


def _named(keys: dict[str, "_Spelled"], likely: list[str], contracts: dict[str, Contract]) -> Named:
    meant = _meant(keys, contracts)
    if meant:
        return Named(
            tuple(contracts[key] for key in meant), " + ".join(keys[key].words for key in meant)[:120]
        )
    return Named((), next((word[:120] for word in likely if serial_key(word) not in contracts), ""))


def numbers_in(line: BankLine) -> list[str]:
    """What a line says that looks like a number of a contract, the likeliest first, as it is written."""
    told = [line.contract.strip()] if line.contract.strip() else []
    written = [
        word
        for text in (line.reference, line.text)
        for word in _words(text)
        if sum(c.isdigit() for c in word) >= 3 and not _is_day_or_amount(word)
    ]
    with_letters = [word for word in written if any(c.isalpha() for c in word)]
    return list(dict.fromkeys([*told, *with_letters, *written]))


@dataclass(frozen=True)
class _Spelled:
    """The words of a key, and whether it is put together from several of them."""

    words: str
    is_spread: bool


def _candidates(line: BankLine) -> dict[str, _Spelled]:
    """Every key that could be a contract's; one that a single word makes counts as that word."""
    found: dict[str, _Spelled] = {}
    for key, spelled in _keys(line):
        if key not in found or found[key].is_spread:
            found[key] = spelled
    return found


def _keys(line: BankLine) -> Iterator[tuple[str, _Spelled]]:
    for text in filter(None, (line.contract, line.reference, line.text)):
        if not _is_day_or_amount(text.strip()) and 0 < len(serial_key(text)) <= _LONGEST_KEY:
            yield serial_key(text), _Spelled(text.strip(), is_spread=False)
        # "2024/118" is one word of a number with a stroke, and "N-1/2026" is a number and a year.
        yield from _within(text.split())
        yield from _within(_words(text))


def _within(words: list[str]) -> Iterator[tuple[str, _Spelled]]:
    for start in range(len(words)):
        before = words[start - 1] if start else ""
        for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
            run, is_spread = words[start:end], end > start + 1
            key = serial_key("".join(run))
            if len(key) <= _LONGEST_KEY and _is_telling(key, run, before, is_spread=is_spread):
                yield key, _Spelled(" ".join(run), is_spread)


def _is_telling(key: str, run: list[str], before: str, *, is_spread: bool) -> bool:
    """Whether these words can be a number of a contract and hardly anything else."""
    if not any(c.isdigit() for c in key):
        return False
    if not key.isdigit():
        # A number spread over words begins with its letters: "N 20418", not "paid 20418".
        return not is_spread or run[0][0].isalpha()
    if is_spread or _is_day_or_amount(run[0]):
        return False
    if _OTHER_WORD.match(folded(before)):
        return False
    return len(key) >= _TELLING_DIGITS or bool(_CONTRACT_WORD.match(folded(before)))


def _words(text: str) -> list[str]:
    return [word for word in (word.strip(".-–_") for word in _HARD.split(text)) if word]


def _is_day_or_amount(word: str) -> bool:
    return bool(_DAY.match(word) or _AMOUNT.match(word))


def _contracts_of(keys: set[str]) -> dict[str, Contract]:
    found, asked = {}, sorted(keys)
    for first in range(0, len(asked), _MOST_KEYS):
        rows = Contract.objects.filter(number_key__in=asked[first : first + _MOST_KEYS])
        found.update((contract.number_key, contract) for contract in rows.select_related("customer"))
    return found


def _meant(keys: dict[str, _Spelled], contracts: dict[str, Contract]) -> list[str]:
    """Of numbers within one another only the longest was meant: "N-204" in "N-204-18".

    Not where the longer one is put together from several words: "N-204 18 March" leaves a choice.
    """
    named = [key for key in keys if key in contracts]
    longer = [key for key in named if not keys[key].is_spread]
    return [key for key in named if not any(key != other and key in other for other in longer)]
