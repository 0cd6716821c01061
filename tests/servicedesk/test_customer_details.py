"""The pages that change a customer, a contact and a site."""

import pytest

from customers.models import Contact, Customer, Site
from tenancy.scope import tenant
from tests.reading import text


def url(desk, rest="details/"):
    return desk.url(f"customers/{desk.customer.public_id}/{rest}")


def filled(response, name="form") -> dict:
    """What the page's form would send as it stands."""
    form = response.context[name]
    sent = {field: form[field].value() for field in form.fields}
    kept = {field: "" if value is None else value for field, value in sent.items() if value is not False}
    return {**kept, "seen": response.context["seen"]}


def save(browser, address, **values):
    """Open a page, change some fields of it, and send it."""
    return browser.post(address, {**filled(browser.get(address)), **values})


def test_a_customer_is_changed_and_shown_as_it_is_now(dispatcher, north):
    answer = save(dispatcher, url(north), company="The Harbour Post", language="fr", time_zone="Europe/Paris")
    assert (answer.status_code, answer.url) == (302, url(north))
    kept = Customer.objects.get(pk=north.customer.pk)
    assert (kept.company, kept.language, kept.time_zone) == ("The Harbour Post", "fr", "Europe/Paris")
    page = dispatcher.get(url(north))
    assert "Saved." in text(page)
    assert page.context["form"]["company"].value() == "The Harbour Post"


def test_opening_changes_nothing(dispatcher, north):
    before = [Customer.history.rel.related_model.objects.count(), north.customer.timeline.count()]
    for rest in ("details/", "contacts/new/", f"contacts/{north.contact.public_id}/", "sites/new/",
                 f"sites/{north.site.public_id}/"):  # fmt: skip
        assert dispatcher.get(url(north, rest)).status_code == 200
    assert [Customer.history.rel.related_model.objects.count(), north.customer.timeline.count()] == before


def test_a_tag_that_we_do_not_write_stays(dispatcher, north):
    Customer.objects.filter(pk=north.customer.pk).update(language="nl-BE")
    assert "Dutch (nl-BE)" in text(dispatcher.get(url(north)))
    assert save(dispatcher, url(north), notes="Rings twice").status_code == 302
    assert Customer.objects.get(pk=north.customer.pk).language == "nl-BE"


def test_refused_it_keeps_what_was_typed(dispatcher, north):
    answer = save(dispatcher, url(north), name="", notes="Rings twice", time_zone="Moon/Base")
    assert answer.status_code == 422
    assert "Write a name." in text(answer)
    assert answer.context["form"]["notes"].value() == "Rings twice"
    answer = save(dispatcher, url(north), time_zone="Moon/Base")
    assert answer.status_code == 422
    assert "“Moon/Base” is no time zone." in text(answer)
    assert dispatcher.post(url(north), {}).status_code == 422


def test_who_was_slower_sees_what_stands_now_and_may_save_over_it(dispatcher, north):
    seen = dispatcher.get(url(north))
    save(dispatcher, url(north), notes="Rings twice")
    answer = dispatcher.post(url(north), {**filled(seen), "notes": "Never rings"})
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile." in text(answer)
    assert "It says now: Note: Rings twice" in text(answer)
    assert answer.context["form"]["notes"].value() == "Never rings"
    assert dispatcher.post(url(north), filled(answer)).status_code == 302
    assert Customer.objects.get(pk=north.customer.pk).notes == "Never rings"


def test_a_contact_is_changed_and_a_stop_is_shown(dispatcher, north, now):
    Contact.objects.filter(pk=north.contact.pk).update(sms_stopped_at=now)
    address = url(north, f"contacts/{north.contact.public_id}/")
    assert "They stopped texts on 5 March 2026." in text(dispatcher.get(address))
    assert save(dispatcher, address, phone="07700 900555", by_mail="").status_code == 302
    kept = Contact.objects.get(pk=north.contact.pk)
    assert (kept.phone, kept.by_sms, kept.by_mail, kept.is_main) == ("07700 900555", True, False, True)
    assert kept.sms_stopped_at == now


def test_a_contact_is_added_made_the_main_one_and_goes(dispatcher, north):
    added = save(
        dispatcher, url(north, "contacts/new/"), name="Ned Ellison", email="ned@example.com",
        site=str(north.site.public_id), language="de",
    )  # fmt: skip
    assert added.status_code == 302
    ned = Contact.objects.get(name="Ned Ellison")
    assert (ned.site, ned.language, ned.is_main) == (north.site, "de", False)
    assert dispatcher.post(url(north, f"contacts/{ned.public_id}/gone/")).status_code == 302
    listed = text(dispatcher.get(url(north)))
    assert "No contacts any more: Ned Ellison" in listed
    assert "No contact any more" not in text(dispatcher.get(url(north, f"contacts/{ned.public_id}/")))
    assert "Ned Ellison" not in text(dispatcher.get(url(north, "book/")))


def test_the_main_contact_does_not_go_before_there_is_another(dispatcher, north):
    Contact.objects.create(customer=north.customer, name="Ned", phone="07700 900777")
    answer = dispatcher.post(url(north, f"contacts/{north.contact.public_id}/gone/"))
    assert answer.status_code == 422
    assert "Make somebody else the main contact first." in text(answer)


def test_a_site_is_put_on_the_map_in_one_field(dispatcher, north):
    address = url(north, f"sites/{north.site.public_id}/")
    assert save(dispatcher, address, position="51.5237, -0.1585").status_code == 302
    kept = Site.objects.get(pk=north.site.pk)
    assert (str(kept.latitude), str(kept.longitude)) == ("51.523700", "-0.158500")
    assert dispatcher.get(address).context["form"]["position"].value() == "51.5237, -0.1585"
    answer = save(dispatcher, address, position="Baker Street")
    assert answer.status_code == 422
    assert "like 51.5237, -0.1585." in text(answer)
    assert answer.context["form"]["position"].value() == "Baker Street"


def test_another_address_at_the_same_place_on_the_map_is_asked_about(dispatcher, north):
    address = url(north, f"sites/{north.site.public_id}/")
    save(dispatcher, address, position="51.5237, -0.1585")
    save(dispatcher, address, street="9 Dock Road")
    asked = "The address is another one, its place on the map is not: check it."
    assert asked in text(dispatcher.get(url(north)))
    save(dispatcher, address, street="10 Dock Road", position="51.53, -0.16")
    assert asked not in text(dispatcher.get(url(north)))


def test_a_site_is_added(dispatcher, north):
    assert save(dispatcher, url(north, "sites/new/"), street="9 Dock Road").status_code == 302
    made = Site.objects.get(street="9 Dock Road")
    assert (made.customer, made.country) == (north.customer, "GB")


def test_they_are_reached_from_the_caller_screen_by_those_who_may(client, north):
    link = f'href="{url(north)}"'
    for who, may in ((north.dispatcher, True), (north.sales, True), (north.technician, False)):
        client.force_login(who.user)
        screen = client.get(url(north, "")).content.decode()
        assert (link in screen) is may
        assert client.get(url(north)).status_code == (200 if may else 403)


def test_another_customers_or_desks_rows_are_not_there(cast, dispatcher, north):
    other = Customer.objects.create(name="Else")
    strange = Contact.objects.create(customer=other, name="Stranger", phone="1")
    with tenant(cast.south.tenant):
        theirs = [f"contacts/{cast.south.contact.public_id}/", f"sites/{cast.south.site.public_id}/"]
    for rest in (*theirs, f"contacts/{strange.public_id}/"):
        assert dispatcher.get(url(north, rest)).status_code == 404
        assert dispatcher.post(url(north, rest), {"name": "x"}).status_code == 404
    assert dispatcher.get(url(cast.south)).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_as_many_queries_for_three_of_each_as_for_one(dispatcher, north, django_assert_num_queries, rows):
    for number in range(1, rows):
        Contact.objects.create(customer=north.customer, name=f"Ned {number}", phone=f"07700 90000{number}")
        Site.objects.create(customer=north.customer, street=f"{number} Dock Road")
    dispatcher.get(url(north))
    with django_assert_num_queries(13):
        dispatcher.get(url(north))
