"""The PDF of a renewal offer: a typst template that takes its words as data, never as markup."""

import datetime as dt

from contracts.models import RenewalOffer
from contracts.offered import what_it_says
from contracts.wording import day_in_full
from tenancy.calendars import local_day, zone_of
from tenancy.papers import TEMPLATES, make_pdf, paper_name

TEMPLATE = TEMPLATES / "contracts" / "offer.typ"


def offer_pdf(offer: RenewalOffer, *, now: dt.datetime, signed_by: str) -> bytes:
    """The offer on A4, as it stands at `now`; `signed_by` is the colleague whose name it bears.

    It holds no link: a link's token is kept nowhere. The same facts make the same bytes.
    """
    return make_pdf(TEMPLATE, at=now, offer=offer_data(offer, now=now, signed_by=signed_by))


def offer_data(offer: RenewalOffer, *, now: dt.datetime, signed_by: str) -> dict:
    """What the template is filled with: texts, and lists of texts."""
    desk, customer = offer.tenant, offer.contract.customer
    day = local_day(now, zone_of(desk))
    said = what_it_says(offer, day)
    site = customer.sites.order_by("pk").first()
    return {
        "desk": desk.name,
        "phone": desk.phone,
        "email": desk.email,
        "to": [part for part in (customer.name, customer.company, *_address(site)) if part],
        "made_on": day_in_full(day),
        "signed_by": signed_by,
        "number": said.number,
        "contract": said.contract,
        "term": said.term,
        "price": said.price,
        "words": [line.strip() for line in said.words.splitlines() if line.strip()],
        "facts": [
            [name, text]
            for name, text in (
                ("Term", said.term),
                ("Price", said.price),
                ("Covered", said.covered),
                ("Not covered", said.not_covered),
                ("Visits", f"{said.visits} in the term" if said.visits else ""),
                ("Response", said.response),
                ("Present term", said.used),
                ("Valid until", said.valid_until),
            )
            if text
        ],
        "machines": [list(machine) for machine in said.machines],
        "valid_until": said.valid_until,
    }


def document_name(offer: RenewalOffer) -> str:
    """What the file is called: "Offer N-20418-1.pdf"."""
    return paper_name("Offer", offer.number)


def _address(site) -> list[str]:
    if site is None:
        return []
    return [site.street, " ".join(part for part in (site.city, site.postcode) if part)]
