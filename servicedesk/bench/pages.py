"""The pages that are measured: who asks for what, and by which rows their floor is measured."""

from collections.abc import Callable
from dataclasses import dataclass

from servicedesk.bench import floors
from servicedesk.bench.asking import Answer, Visitor, found_in
from servicedesk.bench.samples import Samples

HTMX = {"HX-Request": "true"}
NOBODY = "zzyxqv"
Ask = Callable[[Visitor, Samples, int], Answer]


@dataclass(frozen=True)
class Page:
    """One line of the table. `bound` is how often its floor it may cost; None where none was set."""

    name: str
    role: str
    ask: Ask
    floor: tuple[str, ...]
    bound: float | None = None
    # Asked for once before it is measured, and unlike the others it changes something.
    writes: bool = False


def about(samples: Samples, number: int) -> dict:
    """What the floor's statements name of the so many-th sample."""
    one = samples.customers[number % len(samples.customers)]
    first, last = one["name"].lower().split()
    return {
        "tenant": samples.tenant,
        "customer": one["id"],
        "contract": one["contract_id"],
        "visit": one["visit_id"],
        "equipment": one["equipment_id"],
        "digits": one["phone_digits"],
        "first": first,
        "last": last,
        "serial": one["serial_key"],
        "nobody": NOBODY,
    }


def of_desk(path: str, **headers: str) -> Ask:
    """A page whose address names a column of the sample: `customers/{public_id}/`."""

    def ask(visitor: Visitor, samples: Samples, number: int) -> Answer:
        one = samples.customers[number % len(samples.customers)]
        return visitor.get(f"/d/{samples.desk}/{path.format(**one).replace(' ', '+')}", **headers)

    return ask


def brief(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """What the technician who is signed in reads before one of the next visits."""
    visit = samples.today[number % len(samples.today)]
    return visitor.get(f"/d/{samples.desk}/today/{visit['public_id']}/")


def finish(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """The report, at the customer's."""
    return visitor.get(f"/d/{samples.desk}/today/{samples.today[0]['public_id']}/finish/")


def of_api(path: str) -> Ask:
    """A call of the API, as the page's own script makes it."""

    def ask(visitor: Visitor, samples: Samples, number: int) -> Answer:
        one = samples.customers[number % len(samples.customers)]
        return visitor.get(f"/api/v1/{path.format(**one)}", **{"X-Desk": samples.desk})

    return ask


def customer_link(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """The page of a coming visit, as its customer opens it."""
    return visitor.get(f"/v/{samples.links[number % len(samples.links)]}/")


def board_delta(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """What a board hears when one of its lanes has changed: it carries another digest of that lane. The
    board itself, asked for anew since others book, is not counted."""
    page = visitor.get(f"/d/{samples.desk}/board/")
    words = found_in(r'data-version="([^"]+)"', page).split("-")
    version = "-".join(["0", *words[1:-1], "00000000"])
    return visitor.get(f"/d/{samples.desk}/board/since/", **HTMX, **{"X-Board-Version": version})


def book(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """A visit booked at the next free time, as the panel proposes it: the panel itself is not counted."""
    one = samples.customers[number % len(samples.customers)]
    path = f"/d/{samples.desk}/customers/{one['public_id']}/book/"
    panel = visitor.get(path, **HTMX)
    slot = found_in(r'name="slot"[^>]*value="([^"]+)"', panel)
    machine = found_in(r'name="machine"[^>]*value="([^"]+)"', panel)
    return visitor.post(path, {"kind": "tune-up", "machine": machine, "slot": slot}, **HTMX)


def sign_in(visitor: Visitor, samples: Samples, number: int) -> Answer:
    """By a browser that nobody has used before."""
    fresh = Visitor(int(visitor.host.rsplit(":", 1)[1]))
    try:
        return fresh.sign_in(*visitor.signed_in)
    finally:
        fresh.close()


def pages() -> list[Page]:
    """The table's lines, in the order of a working day."""
    return [
        Page("sign in", "dispatcher", sign_in, (), writes=True),
        Page("find by phone", "dispatcher", of_desk("find/?q={phone}", **HTMX), (floors.BY_PHONE,), 3),
        Page("find by name", "dispatcher", of_desk("find/?q={name}", **HTMX), (floors.BY_NAME,), 3),
        Page(
            "find by serial", "dispatcher", of_desk("find/?q={serial_number}", **HTMX),
            (floors.BY_SERIAL,), 3,
        ),
        Page(
            "find, no hit", "dispatcher", of_desk(f"find/?q={NOBODY} {{number}}", **HTMX), floors.NOBODY, 3,
        ),
        Page(
            "caller screen", "dispatcher", of_desk("customers/{public_id}/?tel={phone}"),
            (*floors.CUSTOMER, *floors.COVER, *floors.OPEN, floors.TIMELINE), 3,
        ),
        Page(
            "booking panel with slots", "dispatcher", of_desk("customers/{public_id}/book/", **HTMX),
            (*floors.CUSTOMER, *floors.COVER, *floors.OPEN, floors.TECHNICIANS, floors.DIARIES),
        ),
        Page("book", "dispatcher", book, (), writes=True),
        Page("board, a day", "dispatcher", of_desk("board/"), (floors.DAY, floors.TECHNICIANS), 4),
        Page("board, a week", "dispatcher", of_desk("board/?view=week"), (floors.WEEK, floors.TECHNICIANS)),
        Page("board, what changed", "dispatcher", board_delta, (floors.LANE, floors.TECHNICIANS), 3),
        Page("brief", "technician", brief, (*floors.VISIT, *floors.OF_MACHINE, *floors.COVER), 3),
        Page("finish", "technician", finish, (*floors.VISIT, *floors.OF_MACHINE, floors.VAN)),
        Page(
            "contract check", "sales", of_desk("calls/{public_id}/"),
            (*floors.CUSTOMER, *floors.COVER, *floors.OPEN, floors.BESIDE), 3,
        ),
        Page("call list", "sales", of_desk("calls/"), (floors.CALLS,)),
        Page("overview", "manager", of_desk("overview/"), floors.OVERVIEW),
        Page("API, a list", "dispatcher", of_api("visits/"), (floors.VISITS,)),
        Page("API, one", "dispatcher", of_api("visits/{visit}/"), floors.VISIT),
        Page("customer's link", "", customer_link, floors.VISIT),
    ]  # fmt: skip
