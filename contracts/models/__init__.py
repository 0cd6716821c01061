"""The agreement, its periods, what proves them, the money, and what was granted and used."""

from contracts.models.allowance import AllowanceEntry, Entitlement
from contracts.models.calling import CallSkip
from contracts.models.check import ContractCheck, RenewalCheck
from contracts.models.contract import Cancellation, Contract, ContractEquipment, ContractTerm
from contracts.models.payment import MoneyOut, NamedContract, Payment, Statement
from contracts.models.renewal import OfferEquipment, Renewal, RenewalEvidence, RenewalOffer

__all__ = [
    "AllowanceEntry",
    "CallSkip",
    "Cancellation",
    "Contract",
    "ContractCheck",
    "ContractEquipment",
    "ContractTerm",
    "Entitlement",
    "MoneyOut",
    "NamedContract",
    "OfferEquipment",
    "Payment",
    "Renewal",
    "RenewalCheck",
    "RenewalEvidence",
    "RenewalOffer",
    "Statement",
]
