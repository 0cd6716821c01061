"""The register of promises: what is overdue first, whose, and the ways one ends (design 3)."""

import datetime as dt
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from cases.duties import close_duty, open_duty
from cases.models import Case, Duty, Promise, PromiseHandover
from cases.promising import break_promise, keep_promise
from customers.models import Customer
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import a_promise, make_visit

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def promised(desk, now, text="Ring with the price", due_in=3 * HOUR, at=None, **fields):
    return a_promise(desk, now=at or now, text=text, due_at=now + due_in, by=desk.sales, **fields)


def words(answer):
    return re.sub(r"\s+", " ", unescape(strip_tags(answer.content.decode())))


def rows(answer):
    return [each["row"].title if each.get("is_duty") else each["row"].text for each in answer.context["rows"]]


def url(desk, promise, act=""):
    return desk.url(f"promises/{promise.public_id}/{act}")


class TestTheRegister:
    def test_every_section_counts_and_shows_its_own(self, manager, north, now):
        promised(north, now, "Late", due_in=-MINUTE, at=now - HOUR)
        promised(north, now, "Soon", due_in=HOUR)
        promised(north, now, "Later", due_in=5 * HOUR)
        keep_promise(promised(north, now, "Done"), by=north.sales, now=now, evidence="Rang")
        unheard = promised(north, now, "Nobody rang", due_in=-HOUR, at=now - DAY)
        heard = promised(north, now, "Rung since", due_in=-2 * HOUR, at=now - DAY)
        for each in (unheard, heard):
            break_promise(each, now=now, evidence="Its time passed")
        duty = Duty.objects.get(subject=heard.public_id)
        close_duty(duty, by=north.manager, now=now, outcome="Rang them")
        make_visit(north, start=now + HOUR, technician=north.lou)
        shown = {
            section: rows(manager.get(north.url(f"promises/?state={section}")))
            for section in ("overdue", "due", "open", "broken", "kept", "duties")
        }
        assert shown == {
            "overdue": ["Nobody rang", "Late"],
            "due": ["Soon"],
            "open": ["Late", "Soon", "Later"],
            "broken": ["Nobody rang", "Rung since"],
            "kept": ["Done"],
            "duties": [f"A promise to {north.customer} was broken: Nobody rang"],
        }
        page = manager.get(north.url("promises/"))
        assert rows(page) == shown["overdue"]
        assert "Overdue 2" in words(page) and "1 h late" in words(page)
        # The red number in the bar.
        assert "Promises 2 overdue" in words(manager.get(north.url("board/")))

    def test_everybody_sees_their_own_first_and_may_look_further(self, sales, north, now):
        promised(north, now, "Mine")
        promised(north, now, "Danas", owner=north.dispatcher)
        north.dispatcher.lead = north.sales
        north.dispatcher.save()
        promised(north, now, "Hollis’", owner=north.accounts)

        def seen(query=""):
            return rows(sales.get(north.url(f"promises/?state=open{query}")))

        assert seen() == ["Mine"]
        assert seen("&whose=team") == ["Mine", "Danas"]
        assert seen("&whose=all") == ["Mine", "Danas", "Hollis’"]
        assert seen(f"&owner={north.accounts.public_id}") == ["Hollis’"]
        assert seen("&kind=money") == []
        assert seen("&whose=nobody&kind=what&owner=who&state=open") == ["Mine"]

    @pytest.mark.parametrize("role", Role.values)
    def test_every_role_has_it(self, client, north, now, role):
        person = north.people[role]
        client.force_login(person.user)
        promised(north, now, "Mine", owner=person)
        answer = client.get(north.url("promises/"))
        assert (answer.status_code, rows(answer)) == (200, ["Mine"])
        assert client.get(url(north, Promise.objects.get())).status_code == 200

    def test_a_roles_duties_are_everybodys_of_that_role(self, dispatcher, north, now):
        for cause, role, owner in (
            ("a", Role.DISPATCHER, None),
            ("b", Role.ACCOUNTS, None),
            ("c", Role.ACCOUNTS, north.dispatcher),
        ):
            open_duty(
                cause,
                kind=Duty.Kind.MEND_MESSAGE,
                title=cause,
                due_at=now + HOUR,
                now=now,
                owner_role=role,
                owner=owner,
            )
        assert rows(dispatcher.get(north.url("promises/?state=duties"))) == ["a", "c"]

    def test_a_long_list_goes_on_without_gap_or_twice(self, manager, north, now):
        for number in range(30):
            # Three of each time: the cursor tells those of one moment apart.
            promised(north, now, f"P{number:02}", due_in=DAY + (number // 3) * HOUR)
        first = manager.get(north.url("promises/?state=open"))
        second = manager.get(north.url("promises/") + first.context["next_url"])
        assert rows(first) + rows(second) == [f"P{number:02}" for number in range(30)]
        assert second.context["next_url"] == ""

    def test_as_many_queries_for_three_as_for_one(self, manager, north, now):
        def asked():
            with CaptureQueriesContext(connection) as queries:
                manager.get(north.url("promises/?state=open"))
            return len(queries)

        promised(north, now)
        manager.get(north.url("promises/?state=open"))
        one = asked()
        for number in range(2):
            other = Customer.objects.create(name=f"Customer {number}")
            case = Case.objects.create(customer=other, kind="fault", title="Bands", opened_at=now)
            promised(north, now, customer=other, case=case, owner=north.dispatcher)
        assert asked() == one
        assert one <= 16

    def test_a_stranger_s_is_not_there(self, client, cast, manager, north, now):
        with tenant(cast.south.tenant):
            other = promised(cast.south, now)
        for act in ("", "settle/", "move/", "hand/"):
            method = manager.post if act else manager.get
            assert method(url(north, other, act)).status_code == 404


class TestOnePromise:
    def test_kept_with_what_came_of_it(self, dispatcher, north, now):
        promise = promised(north, now)
        answer = dispatcher.post(url(north, promise, "settle/"), {"end": "kept", "evidence": "Told £90"})
        assert answer.status_code == 302
        promise.refresh_from_db()
        assert (promise.state, promise.evidence, promise.settled_by) == ("kept", "Told £90", north.dispatcher)
        assert "Told £90" in words(dispatcher.get(url(north, promise)))

    def test_the_customer_needs_it_no_longer(self, dispatcher, north, now):
        promise = promised(north, now)
        dispatcher.post(url(north, promise, "settle/"), {"end": "released", "evidence": "They found it"})
        promise.refresh_from_db()
        assert promise.state == "released"

    def test_without_a_word_it_is_not_settled_and_says_why(self, dispatcher, north, now):
        promise = promised(north, now)
        answer = dispatcher.post(url(north, promise, "settle/"), {"end": "kept", "evidence": " "})
        assert (answer.status_code, "Write what came of it." in words(answer)) == (422, True)

    def test_the_second_to_settle_is_told_who_was_first(self, dispatcher, north, now):
        promise = promised(north, now)
        keep_promise(promise, by=north.sales, now=now, evidence="Rang them")
        answer = dispatcher.post(url(north, promise, "settle/"), {"end": "kept", "evidence": "I rang"})
        assert answer.status_code == 409
        assert "settled meanwhile by Jamie Mercer, as kept: Rang them" in words(answer)

    def test_moved_in_time_the_customer_is_told(self, dispatcher, north, now):
        promise = promised(north, now)
        dispatcher.post(url(north, promise, "move/"), {"day": "2026-03-05", "clock": "16:30", "tell": "on"})
        promise.refresh_from_db()
        assert f"{promise.due_at:%H:%M}" == "16:30"
        assert Message.objects.filter(kind="promise moved").count() == 1

    def test_moved_too_late_or_to_the_past_it_is_refused(self, dispatcher, north, now):
        promise = promised(north, now)
        wrong = dispatcher.post(url(north, promise, "move/"), {"day": "2026-03-05", "clock": "12:00"})
        assert (wrong.status_code, "Choose a time to come." in words(wrong)) == (422, True)
        Promise.objects.update(due_at=now - MINUTE)
        late = dispatcher.post(url(north, promise, "move/"), {"day": "2026-03-05", "clock": "16:30"})
        assert late.status_code == 409

    def test_handed_over_with_a_reason(self, dispatcher, north, now):
        promise = promised(north, now)
        to = {"to": str(north.accounts.public_id)}
        assert dispatcher.post(url(north, promise, "hand/"), {**to, "reason": ""}).status_code == 422
        dispatcher.post(url(north, promise, "hand/"), {**to, "reason": "Knows the bill"})
        promise.refresh_from_db()
        assert promise.owner == north.accounts
        assert "Jamie Mercer to Hollis Grant, by Dana Whitlock. Knows the bill" in words(
            dispatcher.get(url(north, promise))
        )
        assert PromiseHandover.objects.count() == 1

    def test_a_broken_one_leads_to_the_call_that_is_owed(self, manager, north, now):
        promise = promised(north, now, due_in=-HOUR, at=now - DAY)
        break_promise(promise, now=now, evidence="Its time passed")
        duty = Duty.objects.get(subject=promise.public_id)
        page = manager.get(url(north, promise))
        assert page.context["break_url"] == north.url(f"duties/{duty.public_id}/")
        assert "Settle it" not in words(page)


class TestLoggingOne:
    def new_url(self, desk, **more):
        query = "&".join(f"{name}={value}" for name, value in more.items())
        return desk.url(f"promises/new/?customer={desk.customer.public_id}&{query}")

    def test_the_usual_ones_are_offered_with_their_times(self, dispatcher, north):
        page = words(dispatcher.get(self.new_url(north)))
        for said in (
            "Ring back, by 13:37",
            "Ring back, by 15:00",
            "Ring back, by Fri 10:00",
            "Send the price in writing, by Fri 17:00",
        ):
            assert said in page

    def test_one_choice_is_enough(self, dispatcher, north, now):
        answer = dispatcher.post(self.new_url(north), {"usual": "usual-0", "tell": "on"})
        promise = Promise.objects.by_hand().get()
        assert answer.url == north.url(f"customers/{north.customer.public_id}/")
        assert (promise.text, promise.due_at, promise.owner, promise.made_by) == (
            "Ring back",
            now + 30 * MINUTE,
            north.dispatcher,
            north.dispatcher,
        )
        assert Message.objects.filter(kind="promise made").count() == 1

    def test_in_other_words_for_somebody_else_and_about_a_matter(self, lou, client, north, now):
        case = Case.objects.create(customer=north.customer, kind="fault", title="Bands", opened_at=now)
        visit = north.url("today/")
        page = client.get(self.new_url(north, back=visit))
        # The one open matter is chosen by itself (R6.4).
        assert page.context["case"] == str(case.public_id)
        answer = client.post(
            self.new_url(north, back=visit),
            {
                "usual": "own",
                "text": "Bring the drum",
                "at": "2026-03-06T09:30",
                "kind": "visit",
                "owner": str(north.dispatcher.public_id),
                "case": str(case.public_id),
            },
        )
        assert answer.url == visit
        promise = Promise.objects.by_hand().get()
        assert (promise.text, promise.kind, promise.owner, promise.case) == (
            "Bring the drum",
            "visit",
            north.dispatcher,
            case,
        )

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ({}, "Choose what you promise."),
            ({"usual": "own"}, "Choose by when."),
            ({"usual": "own", "at": "2026-03-06T09:30"}, "Write what was promised."),
            ({"usual": "own", "text": "Ring", "at": "2026-03-05T12:00"}, "still to come"),
            ({"usual": "own", "text": "Ring", "at": "soon"}, "Choose the day and the time"),
        ],
    )
    def test_what_is_missing_is_said_and_what_was_typed_is_kept(self, dispatcher, north, typed, says):
        answer = dispatcher.post(self.new_url(north), {**typed, "expects": "A call"})
        assert (answer.status_code, says in words(answer)) == (422, True)
        assert 'value="A call"' in answer.text
        assert not Promise.objects.by_hand().exists()

    def test_without_a_customer_or_back_to_elsewhere_it_goes_nowhere_strange(self, dispatcher, north):
        assert dispatcher.get(north.url("promises/new/")).status_code == 404
        answer = dispatcher.post(self.new_url(north, back="https://evil.example/"), {"usual": "usual-0"})
        assert answer.url == north.url(f"customers/{north.customer.public_id}/")

    def test_after_a_call_somebody_is_asked_what_they_promised(self, dispatcher, north):
        note = north.url(f"customers/{north.customer.public_id}/note/")
        call = dispatcher.post(note, {"text": "Still grey", "is_call": "on"}, follow=True)
        assert "Note kept. Did you promise something? P logs it." in words(call)
        note_only = dispatcher.post(note, {"text": "Prefers mornings"}, follow=True)
        assert "Did you promise" not in words(note_only)
