"""Mail scanners open every link of a mail, and every address of its page, over and over: nothing changes.

And who presses a button of a page twice has pressed it once.
"""

import os
import re
from functools import partial
from html import unescape
from urllib.parse import urlencode, urljoin

import pytest
from django.test import Client

from customers.models import CustomerLink
from tests.at_once import at_once
from tests.portal.link_scenes import all_rows, opened, undone

pytestmark = pytest.mark.usefixtures("moment")
Purpose = CustomerLink.Purpose
# `make proof` opens every address fifty times.
TIMES = 50 if os.environ.get("PROOF") == "full" else 4
ADDRESS = re.compile(r'(?:href|src|action)="([^"#]+)')
FORM = re.compile(r"(?s)<form\b(?P<tag>[^>]*)>(?P<body>.*?)</form>")
INPUT = re.compile(r"<input\b[^>]*>")
TYPED = {"words": "The side door", "name": "Margaret Ellison", "problem": "Grey bands", "needs": "Paper"}


def attribute(tag, name):
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def forms_of(page, address):
    """(method, address, what it sends) for each form of a page, filled in and every button of it."""
    for form in FORM.finditer(page):
        sent = {}
        for tag in INPUT.findall(form["body"]):
            name, kind = attribute(tag, "name"), attribute(tag, "type")
            if kind == "radio" and name in sent and "checked" not in tag:
                continue
            if name and name != "csrfmiddlewaretoken":
                sent[name] = attribute(tag, "value") or TYPED.get(name, "")
        for tag in re.findall(r"<textarea\b[^>]*>", form["body"]):
            sent[attribute(tag, "name")] = TYPED.get(attribute(tag, "name"), "")
        where = urljoin(address, attribute(form["tag"], "action") or address)
        buttons = [
            {attribute(tag, "name"): attribute(tag, "value")} if attribute(tag, "name") else {}
            for tag in re.findall(r"<button\b[^>]*>", form["body"])
        ]
        for button in buttons or [{}]:
            yield attribute(form["tag"], "method") or "get", where, {**sent, **button}


def crawled(client, link):
    """The link's pages, and every address below it that they name, however they do: {address: page}."""
    first, found, waiting = link.at(), {}, [link.at(path) for path in link.pages]
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        answer = client.get(address)
        page = answer.text if answer["Content-Type"].startswith("text/html") else ""
        found[address] = page
        below = [urljoin(address, unescape(each)) for each in ADDRESS.findall(page)]
        below += [
            f"{where}?{urlencode(sent)}" for method, where, sent in forms_of(page, address) if method == "get"
        ]
        waiting += [each for each in below if each.startswith(first)]
    return found


@pytest.mark.proof
@pytest.mark.parametrize("purpose", Purpose.values)
def test_opening_every_address_fifty_times_changes_nothing(cast, client, now, purpose):
    link = opened(purpose, cast.north, now)
    before = all_rows(cast.north, cast.south)
    addresses = crawled(client, link)
    assert len(addresses) >= len(link.pages)
    for address in addresses:
        for time in range(TIMES):
            assert (client.head if time % 2 else client.get)(address).status_code < 500
    assert all_rows(cast.north, cast.south) == before


@pytest.mark.parametrize("purpose", Purpose.values)
def test_every_answer_that_a_page_shows_counts_once_when_it_is_pressed_twice(cast, client, now, purpose):
    link = opened(purpose, cast.north, now)
    pages = crawled(client, link)
    buttons = {
        (where, urlencode(sent))
        for address, page in pages.items()
        for method, where, sent in forms_of(page, address)
        if method == "post"
    }
    assert {where for where, _ in buttons} >= {link.at(path) for path, _ in link.answers}
    for where, sent in sorted(buttons):
        with undone():
            before = all_rows(cast.north)
            press = partial(client.post, where, sent, content_type="application/x-www-form-urlencoded")
            assert press().status_code == 302, (where, sent)
            once = all_rows(cast.north)
            assert once != before, where
            # The same time once more is the answer that they had; of the rest some say that it is over.
            assert press().status_code in ((302,) if where.endswith("change/") else (302, 409)), where
            assert all_rows(cast.north) == once, where


@pytest.mark.parametrize(
    ("purpose", "place"),
    [(Purpose.VISIT, 1), (Purpose.VISIT, 6), (Purpose.CONTRACT, 1), (Purpose.CONTRACT, 0)],
)
def test_two_presses_at_the_same_moment_count_once(committed_cast, now, purpose, place):
    north = committed_cast.north
    link = opened(purpose, north, now)
    path, sent = link.answers[place]
    before = counts(north)

    def press():
        return Client().post(link.at(path), sent).status_code

    assert set(at_once(press, press)) <= {302, 409}
    twice = counts(north)
    Client().post(link.at(path), sent)
    assert before != counts(north) == twice


def counts(desk):
    """How many rows each table has."""
    return [(table, rows) for table, rows, _ in all_rows(desk)[0]]
