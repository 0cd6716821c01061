"""Twenty ways in which a token is not the right one, for each purpose of a link: none is accepted.

The purposes are those of the model: a new one fails here until `tests/portal/link_scenes.py` knows it.
"""

import datetime as dt
import re
import uuid
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client

from customers.links import hash_of, make_link, revoke_links
from customers.models import CustomerLink
from tenancy.scope import tenant
from tests.portal.link_scenes import SCENES, all_rows, opened, undone

pytestmark = pytest.mark.usefixtures("moment")
Purpose = CustomerLink.Purpose
NOT_FOUND, GONE, FORBIDDEN, NOT_ALLOWED, TOO_MANY = 404, 410, 403, 405, 429
REFUSED = {NOT_FOUND, GONE, FORBIDDEN, NOT_ALLOWED, TOO_MANY}


def instead(change):
    """A property that needs another token in the address only."""
    return lambda cast, link, purpose, moment: change(link.token)


def swapped_case(token):
    changed = token.swapcase()
    return changed if changed != token else token[::-1]


def other_letter(token):
    return token[:-1] + ("A" if token[-1] != "A" else "Q")


def revoked(cast, link, purpose, moment):
    with tenant(cast.north.tenant):
        revoke_links(link.subject, now=dt.datetime.now(dt.UTC))
    return link.token


def expired(cast, link, purpose, moment):
    """At the very instant at which it ends it has ended."""
    with tenant(cast.north.tenant):
        ends = CustomerLink.objects.get(token_hash=hash_of(link.token)).expires_at
    moment.move_to(ends, tick=False)
    return link.token


def long_expired(cast, link, purpose, moment):
    moment.shift(dt.timedelta(days=400))
    return link.token


def of_another_purpose(cast, link, purpose, moment):
    """The thing's own id, and a link to something else: none of this one's answers is taken."""
    other = next(one for one in Purpose if one not in shared_with(purpose))
    with tenant(cast.north.tenant):
        return make_link(
            cast.north.customer, other, link.subject, now=dt.datetime.now(dt.UTC), expires_at=None
        )


def shared_with(purpose):
    """Purposes that open the same thing, or answer at some of the same addresses."""
    things = ({Purpose.VISIT, Purpose.FOLLOW_UP, Purpose.RECOMMENDATION}, {Purpose.LABEL, Purpose.CONTRACT})
    return next((group for group in things if purpose in group), {purpose})


def of_another_desk(cast, link, purpose, moment):
    """Southgate's token, which opens Southgate's only: with Northgate's ids in the address nothing."""
    with tenant(cast.south.tenant):
        return make_link(
            cast.south.customer, purpose, link.subject, now=dt.datetime.now(dt.UTC), expires_at=None
        )


def of_nothing(cast, link, purpose, moment):
    with tenant(cast.north.tenant):
        return make_link(
            cast.north.customer, purpose, uuid.UUID(int=7), now=dt.datetime.now(dt.UTC), expires_at=None
        )


def with_its_thing_gone(cast, link, purpose, moment):
    """Its row points at nothing any more: retired, deleted or merged away."""
    with tenant(cast.north.tenant):
        CustomerLink.objects.filter(token_hash=hash_of(link.token)).update(subject=uuid.UUID(int=8))
    return link.token


def replaced(cast, link, purpose, moment):
    """Its link was ended and another one was made for the same thing: the old one opens nothing."""
    now = dt.datetime.now(dt.UTC)
    with tenant(cast.north.tenant):
        revoke_links(link.subject, now=now)
        make_link(cast.north.customer, purpose, link.subject, now=now, expires_at=None)
    return link.token


PROPERTIES = {
    "guessed": instead(lambda token: "A" * 22),
    "guessed by chance": instead(lambda token: token[::-1]),
    "one letter changed": instead(other_letter),
    "cut short": instead(lambda token: token[:-1]),
    "cut to a few": instead(lambda token: token[:6]),
    "lengthened": instead(lambda token: token + "A"),
    "twice": instead(lambda token: token * 2),
    "letters of the other case": instead(swapped_case),
    "a blank after it": instead(lambda token: token + "%20"),
    "a line's end after it": instead(lambda token: token + "%0A"),
    "a full stop after it": instead(lambda token: token + "."),
    "encoded twice": instead(lambda token: quote(quote(f"%{ord(token[0]):02X}") + token[1:])),
    "with a zero sign": instead(lambda token: "%00" + token[1:]),
    "with letters of another script": instead(lambda token: quote("é" + token[1:])),
    "wide letters that look the same": instead(lambda token: quote(chr(0xFF21) + token[1:])),
    "its hash": instead(hash_of),
    "its hash, cut to length": instead(lambda token: hash_of(token)[:22]),
    "revoked": revoked,
    "expired this instant": expired,
    "expired long ago": long_expired,
    "replaced": replaced,
    "of another purpose": of_another_purpose,
    "of another desk": of_another_desk,
    "to something that never was": of_nothing,
    "with its thing gone": with_its_thing_gone,
}


def test_every_purpose_has_a_scene_and_there_are_twenty_properties():
    assert set(SCENES) == set(Purpose)
    assert len(PROPERTIES) >= 20


@pytest.mark.parametrize("purpose", Purpose.values)
def test_no_token_but_the_right_one_opens_or_answers_anything(cast, client, now, moment, purpose):
    link, accepted = opened(purpose, cast.north, now), []
    for name, change in PROPERTIES.items():
        with undone():
            cache.clear()
            moment.move_to(now, tick=False)
            token = change(cast, link, purpose, moment)
            before = all_rows(cast.north, cast.south)
            sent = [(client.get, path, None) for path in link.pages]
            # Being rung is all that a link takes that has only run out (test_ended_page.py).
            is_over = name.startswith("expired")
            sent += [(client.post, path, d) for path, d in link.answers if path != "call-me/" or not is_over]
            for ask, path, data in sent:
                answer = ask(link.at(path, token), data)
                accepted += [(name, path, answer.status_code)] if answer.status_code not in REFUSED else []
                assert "Margaret" not in answer.text
            assert all_rows(cast.north, cast.south) == before, name
    assert accepted == []


@pytest.mark.parametrize("purpose", Purpose.values)
def test_the_right_token_takes_every_answer_and_none_without_the_forms_own_sign(cast, client, now, purpose):
    link, before = opened(purpose, cast.north, now), all_rows(cast.north)
    strict = Client(enforce_csrf_checks=True)
    for path, data in link.answers:
        assert strict.post(link.at(path), data).status_code == FORBIDDEN, path
    assert all_rows(cast.north) == before
    for path, data in link.answers:
        with undone():
            assert client.post(link.at(path), data).status_code == 302, path
            assert all_rows(cast.north) != before, path


@pytest.mark.parametrize("purpose", Purpose.values)
def test_a_token_takes_no_answer_of_another_purpose(cast, client, now, purpose):
    """But being rung, and what the visit's own page asks of its machines' recommendations."""
    with undone():
        others = {other: opened(other, cast.north, now).answers for other in Purpose if other != purpose}
    link = opened(purpose, cast.north, now)
    before = all_rows(cast.north)
    asked = 0
    for other, answers in others.items():
        for path, data in answers:
            if path == "call-me/" or {purpose, other} == {Purpose.VISIT, Purpose.RECOMMENDATION}:
                continue
            asked += 1
            assert client.post(link.at(path), data).status_code != 302, (other, path)
    assert asked >= 5
    assert all_rows(cast.north) == before


def test_staff_of_another_desk_and_nobody_see_the_same_page(cast, client, now):
    link = opened(Purpose.VISIT, cast.north, now)
    nobody = client.get(link.at()).text
    client.force_login(cast.south.dispatcher.user)
    assert plain(client.get(link.at()).text) == plain(nobody)


def plain(page):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
