"""A note while somebody talks: praise is written down as easily as all else, and reaches whom it is for."""

from cases.models import Interaction
from customers.models import TimelineEntry
from visits.models import Praise

WORDS = "Lou was so kind to my mother"


def keep(browser, north, **typed):
    return browser.post(north.url(f"customers/{north.customer.public_id}/note/"), {"text": WORDS, **typed})


def test_praise_in_a_note_stands_once_on_the_time_line(dispatcher, north):
    assert keep(dispatcher, north, praises=str(north.technician.public_id)).status_code == 302
    praise = Praise.objects.get()
    assert (praise.person, praise.words, praise.noted_by) == (north.technician, WORDS, north.dispatcher)
    assert [line.title for line in TimelineEntry.objects.all()] == ["Praise for Lou Baptiste"]


def test_praise_in_a_call_is_a_contact_too(dispatcher, north):
    keep(dispatcher, north, praises=str(north.technician.public_id), is_call="on")
    assert (Interaction.objects.get().summary, Praise.objects.count()) == (WORDS, 1)


def test_a_note_about_nobody_praises_nobody(dispatcher, north):
    keep(dispatcher, north)
    assert (Praise.objects.count(), TimelineEntry.objects.get().title) == (0, WORDS)


def test_a_strangers_colleague_is_422_and_what_was_typed_stays(dispatcher, cast, north):
    refused = keep(dispatcher, north, praises=str(cast.south.technician.public_id))
    assert refused.status_code == 422
    assert WORDS in refused.content.decode()
    assert "Choose a colleague." in refused.content.decode()
    assert Praise.objects.count() == 0
