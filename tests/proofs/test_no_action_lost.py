"""What a technician did is neither lost nor played twice, however signal, browser and office behave.

Random sequences of actions, cuts before and after the server had taken them, pages closed in the middle,
visits moved and parts taken away by the office, answers to the conflicts and one action over which the
server falls, against the queue's own module in a page. The server here is a model: it plays an id once and
asks about a visit whose version is not the one seen, and about a part that is not where it was seen.
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
LIFE = ["add", "add", "add", "flush", "flush", "add and kill", "flush and kill", "move", "decide", "reach"]
KINDS = ["arrive", "arrive", "take", "take", "put-back"]
ADD = "async (action) => (await queue.add({ ...action, photos: [new Blob([action.visit])] })).id"
FLUSH = "() => queue.flush(send).then(() => true, (error) => { if (error.why) return false; throw error; })"


class Stock:
    """A part at the depot and in the van; what was carried by which move, and what the office did."""

    def __init__(self):
        self.depot, self.van = 2, 0
        self.taken, self.back, self.found, self.elsewhere = [], [], 0, 0

    def carry(self, kind, typed):
        """What becomes of one step with a part."""
        move, is_take = typed["move"], kind == "take"
        if not is_take and (move not in self.taken or move in self.back):
            return {"outcome": "refused"}
        if (self.depot if is_take else self.van) == 0:
            if "in_hand" not in typed:
                return {"outcome": "conflict", "now": "none left", "agreed": [["in_hand", "yes"]]}
            self.found += 1
            self._change(is_take, 1, 0)
        (self.taken if is_take else self.back).append(move)
        self._change(is_take, -1, 1)
        return {"outcome": "accepted"}

    def reach(self, chance):
        """The office brings one, takes one away, or a visit uses one."""
        place = chance.choice(["depot", "depot", "van"])
        more = 1 if place == "depot" and chance.random() < 0.3 else -min(1, getattr(self, place))
        setattr(self, place, getattr(self, place) + more)
        self.elsewhere -= more

    def _change(self, is_take, here, there):
        from_depot, to_van = (here, there) if is_take else (there, here)
        self.depot, self.van = self.depot + from_depot, self.van + to_van
        assert min(self.depot, self.van) >= 0


class Server:
    """Plays each id once; asks where another version was seen."""

    def __init__(self):
        self.mode = "ok"
        self.versions = dict.fromkeys(map(str, range(VISITS)), 1)
        self.outcomes, self.played = {}, []
        self.stock = Stock()
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
            typed = dict(one["typed"])
            if one["kind"] == "arrive":
                answer = {"outcome": "refused" if typed["n"].endswith("7") else "accepted"}
            else:
                answer = self.stock.carry(one["kind"], typed)
            outcome = answer["outcome"]
            if outcome == "conflict":
                return answer
            self.played.append((one["visit"], int(dict(one["typed"])["n"]), one["id"]))
        self.outcomes[one["id"]] = outcome
        return {"outcome": outcome}


class Phone:
    """A page with the queue's module, closed and opened again at will."""

    def __init__(self, context):
        self.context, self.kept, self.added, self.page = context, set(), 0, None
        self.moves = []
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

    def action(self, visit, version, kind="arrive", back=None):
        """The next thing that somebody does; `back` is the move whose part goes back."""
        self.added += 1
        typed = [["n", str(self.added)]]
        if kind == "take":
            self.moves.append(f"move {self.added}")
        if kind != "arrive":
            typed.append(["move", back or self.moves[-1]])
        return {"kind": kind, "visit": visit, "seen": {"version": version}, "typed": typed}

    def drawn(self, visit, version, chance):
        """Something that somebody does there."""
        kind = chance.choice(KINDS)
        back = chance.choice(self.moves) if kind == "put-back" and self.moves else None
        return self.action(visit, version, kind if back or kind == "take" else "arrive", back)

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
        phone.kept.add(phone.page.evaluate(ADD, phone.drawn(visit, seen[visit], chance)))
    elif act == "flush":
        phone.page.evaluate(FLUSH)
    elif act == "add and kill":
        phone.started(ADD, phone.drawn(visit, seen[visit], chance))
        phone.kill()
    elif act == "flush and kill":
        phone.started(FLUSH)
        phone.kill()
    elif act == "reach":
        server.stock.reach(chance)
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
    done = lost = doubled = held = carried = found = 0
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
        stock = server.stock
        doubled += sum(len(moves) - len(set(moves)) for moves in (stock.taken, stock.back))
        # What is there is what was there, less what the office took, with what was in somebody's hand.
        assert stock.depot + stock.van == 2 + stock.found - stock.elsewhere, number
        carried += len(stock.taken) + len(stock.back)
        found += stock.found
        context.close()
    with capsys.disabled():
        sys.stdout.write(
            f"\nphones: {SEQUENCES} sequences, {done} actions answered, {lost} lost, {doubled} doubled, "
            f"{held} held behind a fault; {carried} parts carried, {found} beyond the books\n"
        )
    assert (lost, doubled) == (0, 0)
    assert done > 3 * SEQUENCES
    assert held > SEQUENCES
    assert carried > 2 * SEQUENCES
    assert found >= SEQUENCES // 3
