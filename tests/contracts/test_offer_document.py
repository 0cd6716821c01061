"""The PDF of a renewal offer: what it says, whatever is in the names."""

import datetime as dt
import io
import json
from decimal import Decimal

import pytest
import typst
from pypdf import PdfReader

from contracts.models import (
    AllowanceEntry,
    Contract,
    ContractEquipment,
    ContractTerm,
    Entitlement,
    RenewalOffer,
)
from contracts.offer_document import TEMPLATE, document_name, offer_data, offer_pdf
from customers.models import Equipment
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.reading import ink_in_margins as margins
from tests.reading import pdf_pages

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
MARKUP = "#let x = $a$ *bold* \\ \"q\" 'z' _k_ `c` <l> @ref // no /* c */ ~ [b] = H"


@pytest.fixture
def offer(cast, now):
    """An offer of Northgate, one of two visits done, the other booked."""
    north = cast.north
    with tenant(north.tenant):
        ContractTerm.objects.filter(pk=north.term.pk).update(starts_on=START, ends_on=END)
        Contract.objects.filter(pk=north.contract.pk).update(not_covered="Toner")
        for kind, subject in (("done", north.term), ("booked", north.site)):
            AllowanceEntry.objects.create(
                entitlement=Entitlement.objects.get(),
                kind=kind,
                quantity=1,
                at=now,
                subject=subject.public_id,
            )
        Tenant.objects.filter(pk=north.tenant.pk).update(email="service@northgate.example")
        made = RenewalOffer.objects.create(
            number="N-20418/1",
            contract=north.contract,
            starts_on=dt.date(2026, 3, 15),
            ends_on=dt.date(2027, 3, 14),
            amount=Decimal("1612.00"),
            visits=2,
            response_hours=4,
            words="Thank you.\n\nYour price stays.",
            valid_until=dt.date(2026, 4, 4),
            made_at=now,
        )
        yield again(made)


def again(offer):
    return RenewalOffer.objects.select_related("tenant", "contract__customer").get(pk=offer.pk)


def read(offer, now, signed_by="Jamie Mercer"):
    """The text of each page."""
    return pdf_pages(offer_pdf(offer, now=now, signed_by=signed_by))


def test_the_document_says_what_is_offered(offer, now):
    (page,) = read(offer, now)
    for words in (
        "Northgate 01632 960 118 service@northgate.example",
        "Margaret Ellison The Harbour Letter 3 Quay Lane Eastmouth EM4 2QL",
        "5 Mar 2026",
        "Renewal offer N-20418/1",
        "For contract N-20418, the term from 15 Mar 2026 to 14 Mar 2027. Thank you. Your price stays.",
        "Term 15 Mar 2026 to 14 Mar 2027 Price £1,612.00 Covered Labour and parts Not covered Toner "
        "Visits 2 visits in the term Response Within 4 working hours "
        "Present term 1 of 2 visits used, 1 left and booked Valid until 4 Apr 2026",
        "The 2 machines that it covers Machine Serial number Corvane SF-12 sorter SF12-077-0923 "
        "Corvane TC-240 copier TC240-118-4471",
        "How to accept Use the link in our mail until 4 Apr 2026, or sign here and send this page back "
        "to us, or ring 01632 960 118. Signature Name Date Jamie Mercer, Northgate",
        "N-20418/1 · page 1 of 1",
    ):
        assert words in page
    assert "/v/" not in page


def test_the_same_facts_make_the_same_bytes(offer, now):
    assert offer_pdf(offer, now=now, signed_by="J") == offer_pdf(offer, now=now, signed_by="J")


def test_it_tells_readers_its_title_and_its_structure(offer, now):
    document = PdfReader(io.BytesIO(offer_pdf(offer, now=now, signed_by="J")))
    assert document.metadata.title == "Renewal offer N-20418/1"
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
    page = document.pages[0].mediabox
    # A4 in points.
    assert (round(page.width), round(page.height)) == (595, 842)


def test_markup_in_names_is_text(offer, now):
    Contract.objects.update(kind=MARKUP[:120], not_covered=MARKUP)
    offer.contract.customer.name = offer.contract.customer.company = MARKUP
    offer.contract.customer.save()
    Equipment.objects.update(model=MARKUP, make="", kind="", serial_number=MARKUP[:80])
    RenewalOffer.objects.update(words=MARKUP)
    Tenant.objects.filter(pk=offer.tenant_id).update(name=MARKUP)
    pages = " ".join(read(again(offer), now, signed_by=MARKUP))
    assert pages.count(MARKUP) >= 8


def test_long_names_and_unbroken_words_stay_on_the_page(offer, now):
    customer = offer.contract.customer
    customer.name, customer.company = "W" * 200, "Wilhelmina von und zu Hohenstein " * 6
    customer.save()
    Equipment.objects.filter(model="TC-240").update(model="X" * 120, serial_number="S" * 80)
    RenewalOffer.objects.update(number=f"{'N' * 58}/1", words="Y" * 900)
    offer = again(offer)
    pages = " ".join(read(offer, now))
    for word in ("W" * 200, "X" * 120, "S" * 80, "Y" * 900):
        assert word in pages.replace(" ", "")
    assert ink_in_margins(offer, now) == 0


def test_forty_machines_go_on_over_pages_with_their_heading(offer, now):
    site = offer.contract.customer.sites.get()
    for number in range(38):
        machine = Equipment.objects.create(
            site=site, make="Corvane", model=f"TX-{number:02}", serial_number=f"TX-{number:02}-1"
        )
        ContractEquipment.objects.create(contract=offer.contract, equipment=machine)
    pages = read(offer, now)
    assert len(pages) == 2
    assert all("Machine Serial number" in page for page in pages)
    assert all(f"Corvane TX-{number:02} TX-{number:02}-1" in " ".join(pages) for number in range(38))
    assert "The 40 machines that it covers" in pages[0]
    assert "Signature Name Date" in pages[1]


def test_what_is_not_known_is_left_out(offer, now):
    Contract.objects.update(kind="", not_covered="")
    RenewalOffer.objects.update(visits=0, response_hours=None, words="")
    ContractEquipment.objects.all().delete()
    Equipment.objects.update(retired_on=dt.date(2026, 1, 1))
    Tenant.objects.filter(pk=offer.tenant_id).update(phone="", email="")
    (page,) = read(again(offer), now, signed_by="")
    for words in ("Covered", "Response", "Visits", "machine", "ring"):
        assert words not in page


def test_the_file_is_called_after_the_offer(offer):
    offer.number = "N 4/ü#1/2"
    assert document_name(offer) == "Offer N-4-ü-1-2.pdf"


def ink_in_margins(offer, now):
    """How many dark pixels stand nearer than 12 mm to the left or right edge of any page."""
    data = json.dumps(offer_data(offer, now=now, signed_by="J"))
    return margins(typst.compile(TEMPLATE, format="png", ppi=25.4, sys_inputs={"offer": data}))
