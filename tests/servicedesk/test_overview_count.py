"""The overview against a direct count of all rows: the demo desk, and a real dealer's export."""

import datetime as dt

from cases.models import Goodwill, GoodwillItem
from contracts.wording import money
from servicedesk.demo.building import build_desk
from servicedesk.demo.names import NORTHGATE
from servicedesk.overview_lists import PROMISE_WORDS
from tenancy.models import Membership, Role
from tenancy.scope import tenant
from tests.architecture.filling import fill_every_table
from tests.imports.harbour_scene import NOW, harbour_desk, needs_harbour, somebody
from tests.imports.harbour_scene import truth as truth_of_harbour
from tests.servicedesk.overview_count import Count

AGES = ("under-30", "30-to-90", "over-90")
SEVERITIES = {"Safety": 4, "Likely to fail": 3, "Soon": 2, "Can wait": 1}


def share(part, whole) -> str:
    if not whole:
        return "None yet"
    if whole < 20:
        return f"{part} of {whole}"
    return f"{min(99, round(100 * part / whole)) if part < whole else 100}%"


def assert_page_equals_count(client, desk, count):
    """Every number of the page, and how many rows lie behind it, as they were counted."""
    answer = client.get(f"/d/{desk.slug}/overview/?days={count.days}")
    cells = dict(answer.context["cells"])
    kept, missed = cells["Promises kept on time"], cells["Missed visits"]
    fixed = cells["Fixed first time"]
    assert kept.value == share(*count.kept)
    assert (missed.value, missed.note) == (f"{count.missed:,}", f"of {count.visits:,}.")
    assert fixed.value == share(*count.fixed)
    assert cells["Overdue promises"].value == f"{count.overdue:,}"
    unused, lapsing = cells["Tune-ups unused"], sum(count.lapsing)
    assert unused.value == f"{sum(count.unused):,}"
    assert unused.note.startswith(f"{lapsing:,} " if lapsing else "None ")
    renewals = count.renewals
    assert cells["Renewals due"].value == f"{len(renewals):,}"
    if renewals:
        assert money(sum(renewals), desk.currency).removesuffix(".00") in cells["Renewals due"].note
    bars = {bar.label: bar.value for bar in answer.context["kinds_part"]["bars"]}
    expected = {PROMISE_WORDS[kind]: share(*found) for kind, found in count.by_kind.items()}
    if count.answered[1]:
        expected["First answer to a case"] = share(*count.answered)
    assert bars == expected
    part = answer.context["recommendations_part"]
    for level, squares in part["rows"]:
        severity = SEVERITIES[level]
        ages = [count.recommendations[severity, age] for age in AGES]
        assert [number for number, *_ in squares] == [*ages, count.silent[severity]], level
    assert part["count"] == count.recommendations.total()
    assert part["warned"] == count.warned
    overdue, yes = answer.context["overdue"], answer.context["yes_part"]
    assert (overdue["overdue"], overdue["escalations"]) == (count.overdue, count.escalations)
    assert (yes["goodwill_count"], yes["given_count"]) == (count.proposed, len(count.given))
    in_money = money(sum(amount for amount, _ in count.given), desk.currency).removesuffix(".00")
    in_days = sum(days for _, days in count.given)
    assert yes["given_amount"] == (f"{in_money} and {in_days} days" if in_days else in_money)
    behind = {
        "kept": count.kept[1],
        "kept&only=late": count.kept[1] - count.kept[0],
        "missed": count.missed,
        "missed&only=all": count.visits,
        "overdue": count.overdue,
        "escalations": count.escalations,
        "fixed": count.fixed[1],
        "fixed&only=again": count.fixed[1] - count.fixed[0],
        "unused": len(count.unused),
        "unused&only=soon": len(count.lapsing),
        "renewals-due": len(renewals),
        "open-recommendations": count.recommendations.total(),
        "open-recommendations&severity=3&age=over-90": count.recommendations[3, "over-90"],
        "open-recommendations&age=never-again": count.silent.total(),
        "answered": count.answered[1],
        "warned": count.warned,
        "given": len(count.given),
    }
    assert {name: lines(client, desk, name, count.days) for name in behind} == behind


def lines(client, desk, name, days) -> int:
    """How many rows the file of a figure has."""
    name, _, narrowed = name.partition("&")
    answer = client.get(f"/d/{desk.slug}/reports/{name}.csv?days={days}&{narrowed}")
    return b"".join(answer.streaming_content).count(b"\r\n") - 1


def signed_in(client, desk):
    with tenant(desk):
        client.force_login(Membership.objects.filter(role=Role.MANAGER).select_related("user").first().user)


def test_the_demo_desk_as_counted_by_hand(db, now, client, moment):
    desk = build_desk(NORTHGATE, now=now)
    fill_every_table(desk, now=now)
    with tenant(desk):
        waits = Goodwill.objects.select_related("customer", "item").get(item__kind="extension")
        free = GoodwillItem.objects.filter(kind="free visit").first()
        given = {"state": "approved", "decided_at": now, "proposed_at": now, "reason": "Waited"}
        given |= {"customer": waits.customer}
        Goodwill.objects.create(item=free, amount=35, **given)
        place = {"place_kind": waits.place_kind, "place": waits.place}
        Goodwill.objects.create(item=waits.item, days=9, **place, **given)
        counts = [Count(desk, now, days) for days in (7, 90)]
    signed_in(client, desk)
    for count in counts:
        assert_page_equals_count(client, desk, count)
    # There was something to count.
    quarter = counts[-1]
    assert min(quarter.kept[1], quarter.missed, quarter.fixed[1], len(quarter.unused), quarter.warned) > 0
    assert min(len(quarter.given), quarter.escalations, quarter.recommendations.total()) > 0


@needs_harbour
def test_a_dealers_export_as_counted_by_hand_and_as_it_is_in_truth(db, time_machine, client):
    time_machine.move_to(NOW, tick=False)
    desk, _ = harbour_desk()
    truth = truth_of_harbour()
    client.force_login(somebody(desk, Role.MANAGER))
    with tenant(desk):
        count = Count(desk, NOW, 90)
    assert_page_equals_count(client, desk, count)
    assert count.recommendations.total() == truth["open_recommendations"]
    ends = {
        number: dt.date.fromisoformat(each["term_end"])
        for number, each in truth["contracts"].items()
        if each["expect"] == "renewal due"
    }
    soon = count.today + dt.timedelta(days=30)
    assert len(count.renewals) == sum(end <= soon for end in ends.values())
