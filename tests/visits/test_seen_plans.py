import dataclasses
import datetime as dt

import pytest

from customers.models import Contact, Site
from tests.cast import make_visit
from visits.models import Visit
from visits.seen_plans import FACTS, plan_of

LONDON = dt.UTC
BASE = "Thursday 5 March, 14:00, Lou Baptiste"


@pytest.fixture
def visit(north, now):
    return make_visit(
        north, start=now.replace(hour=14, minute=0), technician=north.lou, contact=north.contact
    )


def move_window(north, visit):
    Visit.objects.filter(pk=visit.pk).update(told_from="14:30", told_until="15:30")


def move_away(north, visit):
    elsewhere = Site.objects.create(customer=north.customer, street="9 Mill Road", city="Eastmouth")
    Visit.objects.filter(pk=visit.pk).update(site=elsewhere)


def ask_another(north, visit):
    other = Contact.objects.create(customer=north.customer, name="Ada Ellison", phone="01632 960 555")
    Visit.objects.filter(pk=visit.pk).update(contact=other)


def ask_nobody(north, visit):
    Visit.objects.filter(pk=visit.pk).update(contact=None)


def leave_out_a_machine(north, visit):
    visit.machines.filter(equipment=north.sorter).delete()


def cancel(north, visit):
    Visit.objects.filter(pk=visit.pk).update(state="cancelled by the customer")


@pytest.mark.parametrize(
    ("change", "was", "is_now"),
    [
        (move_window, "Window 14:00 to 15:00", "Window 14:30 to 15:30"),
        (move_away, "{site}", "9 Mill Road, Eastmouth"),
        (ask_another, "Ask for {contact}", "Ask for Ada Ellison, 01632 960 555"),
        (ask_nobody, "Ask for {contact}", "Nobody to ask for"),
        (leave_out_a_machine, "{sorter}, {copier}", "{copier}"),
        (cancel, "", "Cancelled by the customer"),
    ],
)
def test_what_changed_is_in_both_versions_and_nothing_else(north, visit, now, change, was, is_now):
    words = {
        "site": str(north.site),
        "contact": f"{north.contact.name}, {north.contact.phone}",
        "copier": f"{north.copier.name} {north.copier.serial_number}",
        "sorter": f"{north.sorter.name} {north.sorter.serial_number}",
    }
    before = plan_of(visit, now=now)
    change(north, visit)
    after = plan_of(Visit.objects.get(pk=visit.pk), now=now)
    assert not before.is_as(after)
    assert before.in_words(LONDON, after) == ". ".join(filter(None, [BASE, was.format(**words)]))
    assert after.in_words(LONDON, before) == f"{BASE}. {is_now.format(**words)}"


def test_what_an_older_page_did_not_tell_is_not_compared(north, visit, now):
    before = dataclasses.replace(plan_of(visit, now=now), **dict.fromkeys(FACTS))
    move_away(north, visit)
    after = plan_of(Visit.objects.get(pk=visit.pk), now=now)
    assert before.is_as(after)
    assert after.in_words(LONDON, before) == BASE
