"""What a technician did is neither lost nor played twice, however signal, browser and office behave.

Random sequences of actions, cuts before and after the server had taken them, pages closed in the middle,
visits moved by the office, answers to the conflicts and one action over which the server falls, against
the queue's own module in a page. The server here is a model: it plays an id once and asks about a visit
whose version is not the one seen.
`PROOF=full` (make proof): 200 sequences.
"""

import json
import os
import random
import sys
from pathlib import Path

import pytest

from servicedesk.settings import BASE_DIR

pytestmark = [pytest.mark.proof, pytest.mark.browser]

SEQUENCES = 200 if os.environ.get("PROOF") == "full" else 6
ACTS = 25
VISITS = 3
HOME = "http://localhost:9/"
MODULE = Path(BASE_DIR) / "servicedesk/static/js/technician-queue.js"
OPEN = """async () => {
    const { openQueue, NotSent } = await import("/queue.js");
    globalThis.queue = await openQueue("model");
    globalThis.send = async (batch) => {
        const body = JSON.stringify(batch.map(({ photos, ...action }) => action));
        let answer;
        try { answer = await fetch("/actions", { method: "POST", body }); }
        catch { throw new NotSent("unreachable"); }
        if (!answer.ok) throw new NotSent("fault");
        return answer.json();
    };
}"""
LIFE = ["add", "add", "add", "flush", "flush", "add and kill", "flush and kill", "move", "decide"]
ADD = "async (action) => (await queue.add({ ...action, photos: [new Blob([action.visit])] })).id"
FLUSH = "() => queue.flush(send).then(() => true, (error) => { if (error.why) return false; throw error; })"


class Server:
    """Plays each id once; asks where another version was seen."""

    def __init__(self):
        self.mode = "ok"
        self.versions = dict.fromkeys(map(str, range(VISITS)), 1)
        self.outcomes, self.played = {}, []
        # Over which one the server falls, until it is mended.
        self.stone = None

    def answer(self, route):
        """As the signal is: not at all, too late, or in time."""
        if self.mode == "cut before":
            return route.abort()
        batch = json.loads(route.request.post_data)
        if any(one["id"] == self.stone for one in batch):
            return route.fulfill(status=500)
        told = self.take(batch)
        if self.mode == "cut after":
            return route.abort()
        return route.fulfill(json={"taken_at": "2026-03-05T13:07:00+00:00", "answers": told})

    def take(self, batch):
        """One batch, in its order."""
        assert [one["order"] for one in batch] == sorted(one["order"] for one in batch)
        answers, asking = [], set()
        for one in batch:
            answer = self.of(one, asking)
            if answer["outcome"] == "conflict":
                asking.add(one["visit"])
            answers.append({"id": one["id"], **answer})
        return answers

    def of(self, one, asking):
        """What becomes of one action."""
        if one["visit"] in asking:
            return {"outcome": "held"}
        if one["id"] in self.outcomes:
            return {"outcome": self.outcomes[one["id"]]}
        version = self.versions[one["visit"]]
        if one.get("left_out"):
            outcome = "left out"
        elif one["seen"]["version"] != version:
            return {"outcome": "conflict", "now": "moved", "plan": {"version": version}}
        else:
            outcome = "refused" if dict(one["typed"])["n"].endswith("7") else "accepted"
            self.played.append((one["visit"], int(dict(one["typed"])["n"]), one["id"]))
        self.outcomes[one["id"]] = outcome
        return {"outcome": outcome}


class Phone:
    """A page with the queue's module, closed and opened again at will."""

    def __init__(self, context):
        self.context, self.kept, self.added, self.page = context, set(), 0, None
        self.open()

    def open(self):
        """As a phone opens the app again."""
        self.page = self.context.new_page()
        self.page.goto(HOME)
        self.page.evaluate(OPEN)

    def kill(self):
        """At once, whatever is under way."""
        self.page.close()
        self.open()

    def action(self, visit, version):
        """The next thing that somebody does."""
        self.added += 1
        return {
            "kind": "arrive",
            "visit": visit,
            "seen": {"version": version},
            "typed": [["n", str(self.added)]],
        }

    def started(self, script, value=None):
        """Begin something and do not wait for it."""
        self.page.evaluate(f"(value) => {{ ({script})(value)?.catch?.(() => {{}}); }}", value)

    def all(self):
        """What is on the phone and not sent."""
        return [one for one in self.page.evaluate("() => queue.all()") if one["state"] != "sent"]


def live(phone, server, seen, chance):
    """One act of the day."""
    visit = chance.choice(sorted(server.versions))
    act = chance.choice(LIFE)
    server.mode = chance.choice(["ok", "ok", "cut before", "cut after"])
    if act == "add":
        phone.kept.add(phone.page.evaluate(ADD, phone.action(visit, seen[visit])))
    elif act == "flush":
        phone.page.evaluate(FLUSH)
    elif act == "add and kill":
        phone.started(ADD, phone.action(visit, seen[visit]))
        phone.kill()
    elif act == "flush and kill":
        phone.started(FLUSH)
        phone.kill()
    elif act == "move":
        server.versions[visit] += 1
        if chance.random() < 0.5:
            seen[visit] = server.versions[visit]
    else:
        decide(phone, chance.choice(["agree", "leave"]))


def settle(phone, server):
    """With a good signal: send and agree to whatever is asked; gives what waits behind a fault."""
    server.mode = "ok"
    for _ in range(200):
        phone.page.evaluate(FLUSH)
        waiting = [one for one in phone.all() if one["state"] in ("waiting", "conflict")]
        if all(one["state"] == "waiting" for one in waiting):
            return waiting
        decide(phone, "agree")
    raise AssertionError("It is never done asking.")


def decide(phone, decision):
    """Answer the first question that is open."""
    asking = [one["order"] for one in phone.all() if one["state"] == "conflict"]
    if asking:
        phone.page.evaluate("([order, said]) => queue.decide(order, said)", [asking[0], decision])


def test_nothing_is_lost_and_nothing_done_twice(chromium, capsys):
    done = lost = doubled = held = 0
    for number in range(SEQUENCES):
        chance = random.Random(number)
        context = chromium.new_context()
        server = Server()
        context.route(HOME, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        context.route(
            f"{HOME}queue.js",
            lambda route: route.fulfill(body=MODULE.read_text(), content_type="text/javascript"),
        )
        context.route(f"{HOME}actions", server.answer)
        phone, seen = Phone(context), dict(server.versions)
        for at in range(ACTS):
            if at == ACTS // 2:
                server.stone = phone.page.evaluate(ADD, phone.action(chance.choice(sorted(seen)), 1))
                phone.kept.add(server.stone)
            live(phone, server, seen, chance)
        # Whatever was done later at the same visit waits behind it; nothing else does.
        waiting = settle(phone, server)
        assert waiting[0]["id"] == server.stone, number
        assert {one["visit"] for one in waiting} == {waiting[0]["visit"]}, number
        held += len(waiting) - 1
        server.stone = None
        assert settle(phone, server) == [], number
        for one in phone.all():
            phone.page.evaluate("(order) => queue.dismiss(order)", one["order"])
        assert phone.all() == [], number
        played = [id for _, _, id in server.played]
        lost += len(phone.kept - set(server.outcomes))
        doubled += len(played) - len(set(played))
        for visit in server.versions:
            order = [n for at, n, _ in server.played if at == visit]
            assert order == sorted(order), (number, visit)
        done += len(server.outcomes)
        context.close()
    with capsys.disabled():
        sys.stdout.write(
            f"\nphones: {SEQUENCES} sequences, {done} actions answered, {lost} lost, {doubled} doubled, "
            f"{held} held behind a fault\n"
        )
    assert (lost, doubled) == (0, 0)
    assert done > 3 * SEQUENCES
    assert held > SEQUENCES
