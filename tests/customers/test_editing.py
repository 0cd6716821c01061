"""Changing a customer, the people there and the places: what is kept, told and refused."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from customers.editing import change_customer, retire_contact, save_contact, save_site, seen_of
from customers.finding import find
from customers.merging import merge_customers
from customers.models import Contact, Customer, Site
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.scope import tenant


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def said(north) -> tuple[str, str, object]:
    """The last line of the time line: title, detail, by whom."""
    line = north.customer.timeline.order_by("-pk").first()
    return line.title, line.detail, line.actor


def change(north, now, *, by=None, seen=None, **values):
    shown = Customer.objects.get(pk=north.customer.pk)
    given = {field: getattr(shown, field) for field in ("name", "company", "notes", "language", "time_zone")}
    return change_customer(
        shown,
        seen=seen_of(shown) if seen is None else seen,
        by=by or north.dispatcher,
        now=now,
        **{**given, **values},
    )


def contact_of(north, now, contact="known", *, by=None, seen=None, **values):
    row = Contact.objects.get(pk=north.contact.pk) if contact == "known" else contact
    shown = row or Contact(name="Ned Ellison")
    fields = ("name", "phone", "phone2", "email", "site", "language", "by_sms", "by_mail", "is_main")
    return save_contact(
        north.customer,
        row,
        seen=(seen_of(row) if row else "") if seen is None else seen,
        by=by or north.dispatcher,
        now=now,
        **{**{field: getattr(shown, field) for field in fields}, **values},
    )


def site_of(north, now, site="known", *, by=None, seen=None, **values):
    row = Site.objects.get(pk=north.site.pk) if site == "known" else site
    shown = row or Site()
    fields = ("name", "street", "city", "postcode", "country", "access_notes")
    given = {field: getattr(shown, field) for field in fields}
    return save_site(
        north.customer,
        row,
        seen=(seen_of(row) if row else "") if seen is None else seen,
        by=by or north.dispatcher,
        now=now,
        **{**given, "position": None, **values},
    )


def test_a_change_is_kept_told_and_found(north, now):
    before = north.customer.history.count()
    assert change(north, now, name=" Margaret  Ellis ", language="de") == ["name", "language"]
    kept = Customer.objects.get(pk=north.customer.pk)
    assert (kept.name, kept.language, kept.company) == ("Margaret Ellis", "de", "The Harbour Letter")
    assert said(north) == (
        "Details changed",
        "Name: Margaret Ellis, was Margaret Ellison. Language: de, was nothing.",
        north.dispatcher,
    )
    assert kept.history.count() == before + 1
    assert [hit.customer for hit in find("ellis", country="GB").customers] == [kept]


def test_the_same_again_changes_and_tells_nothing(north, now):
    lines, versions = north.customer.timeline.count(), north.customer.history.count()
    assert change(north, now) == []
    contact_of(north, now)
    assert (north.customer.timeline.count(), north.customer.history.count()) == (lines, versions)
    assert Contact.objects.get(pk=north.contact.pk).verified_on is None


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": "  "}, "name", "Write a name."),
        (
            {"time_zone": "Moon/Base"},
            "time_zone",
            "“Moon/Base” is no time zone. Write one like Europe/London.",
        ),
        ({"language": "no language"}, "language", "Choose a language."),
    ],
)
def test_a_customer_that_cannot_be_is_refused(north, now, values, field, words):
    with pytest.raises(SettingRefused, match=words) as refused:
        change(north, now, **values)
    assert refused.value.field == field
    assert change(north, now) == []


def test_of_two_who_change_the_same_the_second_is_told(north, now):
    seen = seen_of(Customer.objects.get(pk=north.customer.pk))
    change(north, now, notes="Rings twice")
    with pytest.raises(ChangedMeanwhile):
        change(north, now, seen=seen, notes="Never rings")
    seen = seen_of(Contact.objects.get(pk=north.contact.pk))
    contact_of(north, now, phone="07700 900555")
    with pytest.raises(ChangedMeanwhile):
        contact_of(north, now, seen=seen, phone="07700 900666")
    seen = seen_of(Site.objects.get(pk=north.site.pk))
    site_of(north, now, access_notes="Back door")
    with pytest.raises(ChangedMeanwhile):
        site_of(north, now, seen=seen, access_notes="Front door")


def test_a_customer_who_was_merged_meanwhile_is_not_changed(north, now):
    other = Customer.objects.create(name="M. Ellison")
    merge_customers(kept=other, gone=north.customer, by=north.dispatcher, now=now)
    with pytest.raises(ChangedMeanwhile, match="became a part"):
        change(north, now, notes="Lost")


def test_technicians_change_nothing(north, now):
    for act in (change, contact_of, site_of):
        with pytest.raises(PermissionDenied):
            act(north, now, by=north.technician)
    with pytest.raises(PermissionDenied):
        retire_contact(north.contact, by=north.technician, now=now)


def test_a_number_is_found_as_it_is_now(north, now):
    contact_of(north, now, phone="07700 900555", by_sms=False)
    title, detail, _ = said(north)
    assert title == "Margaret Ellison changed"
    assert detail == "Phone: 07700 900555, was 07700 900412. Texts: no, was yes."
    assert find("07700 900412", country="GB").is_empty
    assert find("07700 900555", country="GB").same_number == [north.customer]
    assert Contact.objects.get(pk=north.contact.pk).verified_on == now.date()


def test_a_stop_of_their_own_stays_whatever_the_desk_ticks(north, now):
    Contact.objects.filter(pk=north.contact.pk).update(sms_stopped_at=now, by_sms=False)
    contact_of(north, now, by_sms=True, phone="07700 900555")
    kept = Contact.objects.get(pk=north.contact.pk)
    assert (kept.by_sms, kept.sms_stopped_at) == (True, now)


def test_a_new_main_contact_takes_the_place_of_the_old_one(north, now):
    made = contact_of(north, now, None, phone="07700 900777", site=north.site, is_main=True)
    assert list(north.customer.contacts.filter(is_main=True)) == [made]
    assert said(north)[:2] == (
        "Ned Ellison is a new contact",
        "Name: Ned Ellison. Phone: 07700 900777. Where: 3 Quay Lane, Eastmouth EM4 2QL. Main contact: yes.",
    )


def test_the_first_contact_is_the_main_one(north, now):
    lone = Customer.objects.create(name="Nobody Yet")
    north.customer = lone
    assert contact_of(north, now, None).is_main


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "", "phone": "", "email": ""}, "name"),
        ({"phone": "none"}, "phone"),
        ({"phone2": "ask her"}, "phone2"),
        ({"email": "margaret"}, "email"),
        ({"is_main": False}, "is_main"),
        ({"language": "!"}, "language"),
    ],
)
def test_a_contact_that_cannot_be_is_refused(north, now, values, field):
    with pytest.raises(SettingRefused) as refused:
        contact_of(north, now, **values)
    assert refused.value.field == field


def test_a_contact_stands_at_a_place_of_the_customers_own(north, now):
    elsewhere = Site.objects.create(customer=Customer.objects.create(name="Else"), street="1 Far Road")
    with pytest.raises(SettingRefused) as refused:
        contact_of(north, now, site=elsewhere)
    assert refused.value.field == "site"


def test_who_is_there_no_more_is_not_found_and_not_written_to(north, now):
    ned = contact_of(north, now, None, phone="07700 900777", email="ned@example.com")
    assert retire_contact(ned, by=north.dispatcher, now=now) is True
    kept = Contact.objects.get(pk=ned.pk)
    assert kept.has_left
    assert (kept.name, kept.phone, kept.email, kept.by_sms, kept.by_mail) == (
        "Ned Ellison",
        "",
        "",
        False,
        False,
    )
    assert find("07700 900777", country="GB").is_empty
    assert said(north)[0] == "Ned Ellison is no contact any more"
    lines = north.customer.timeline.count()
    assert retire_contact(ned, by=north.dispatcher, now=now) is False
    assert north.customer.timeline.count() == lines


def test_the_main_contact_goes_last(north, now):
    ned = contact_of(north, now, None, phone="07700 900777")
    with pytest.raises(SettingRefused, match="Make somebody else the main contact first."):
        retire_contact(north.contact, by=north.dispatcher, now=now)
    retire_contact(ned, by=north.dispatcher, now=now)
    assert retire_contact(north.contact, by=north.dispatcher, now=now) is True


def test_a_place_is_put_on_the_map(north, now):
    position = (Decimal("51.523700"), Decimal("-0.158500"))
    site_of(north, now, access_notes="Ring twice", position=position)
    kept = Site.objects.get(pk=north.site.pk)
    assert (kept.latitude, kept.longitude, kept.verified_on) == (*position, now.date())
    assert said(north)[:2] == (
        "Site 3 Quay Lane, Eastmouth EM4 2QL changed",
        "Getting in: Ring twice, was Side door. On the map: 51.5237, -0.1585, was nothing.",
    )
    seen = seen_of(kept)
    site_of(north, now, position=None)
    assert seen_of(Site.objects.get(pk=north.site.pk)) != seen


def test_a_second_place_is_added_and_found(north, now):
    made = site_of(north, now, None, street="9 Dock Road", city="Westport", country="gb")
    assert (made.customer, made.country) == (north.customer, "GB")
    assert said(north)[0] == "A new site: 9 Dock Road, Westport"
    assert [hit.customer for hit in find("dock road", country="GB").customers] == [north.customer]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": "", "street": " ", "city": "", "postcode": ""}, "street"), ({"country": "ZZ"}, "country")],
)
def test_a_place_that_cannot_be_is_refused(north, now, values, field):
    with pytest.raises(SettingRefused) as refused:
        site_of(north, now, **values)
    assert refused.value.field == field
