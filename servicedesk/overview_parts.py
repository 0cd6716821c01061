"""The lists of the overview: what is overdue, what waits for a yes, and what drags the figures."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cases.answered_in_time import answered_in_time
from cases.goodwill_given import goodwill_given
from cases.goodwill_register import counts as goodwill_counts
from cases.goodwill_register import page_of as goodwill_page
from cases.kept_promises import kept_by_kind, what_drags
from cases.models import Duty, Goodwill, Promise
from cases.overdue_promises import open_escalations
from cases.promise_register import overdue_promises
from contracts.covered import State
from contracts.models import Contract, RenewalOffer
from recommendations.faults import breakdowns_in
from recommendations.models import Recommendation
from servicedesk.goodwill_history import histories_of
from servicedesk.goodwill_words import worth
from servicedesk.moments import date_word, moment_word, span_word, window_word
from servicedesk.overview_cells import FEWEST, KEPT_TARGET, counts_words, value_words, whole_money
from servicedesk.overview_lists import PROMISE_WORDS, Asked, names_of, why_missed
from servicedesk.overview_rows import half_day_words, rows_url
from servicedesk.promise_pages import ICONS
from tenancy.addresses import desk_url
from tenancy.calendars import local_day
from tenancy.models import Membership
from tenancy.prepared import DAY, Among, Keys, Prepared
from visits.approval import waiting_for_approval
from visits.follow_up_figures import answers_by_face
from visits.missed_visits import visits_missed
from visits.models import FollowUp
from visits.open_recommendations import Age, open_recommendations
from visits.unused_visits import first_to_lapse

# So many rows of each stand on the overview; the rest is one click away.
SHOWN = 4
# So far below the target a kind of promise is amber.
LOW = 10
CALL_NOW = "Call now"


_COVERS = Prepared(
    lambda contracts, day: Contract.objects.with_cover(day).filter(Among("pk", contracts)),
    contracts=Keys(),
    day=DAY,
)


@dataclass(frozen=True)
class Late:
    """One thing that somebody waits for: what, to whom, whose, how late, and the one thing to do."""

    icon: str
    what: str
    detail: str
    customer: str
    customer_url: str
    whose: str
    late: str
    is_late: bool
    act: str
    url: str

    @property
    def tone(self) -> str:
        """What cannot wait stands out."""
        return "danger" if self.act == CALL_NOW else ""


@dataclass(frozen=True)
class Bar:
    """One kind of promise: how many on time, in words and as a length."""

    label: str
    url: str
    value: str
    counts: str
    width: int
    is_low: bool


def overdue_part(asked: Asked, viewer: Membership) -> dict:
    """The longest overdue, and what went upstairs, each with one thing to do: five queries."""
    late, gone_up = overdue_promises(now=asked.now), open_escalations()
    promises = list(_first(late, "due_at", "pk").select_related("customer", "owner__user", "case"))
    escalations = list(_first(gone_up, "due_at", "pk").select_related("customer", "owner__user"))
    calls = dict(
        Duty.objects.open()
        .filter(kind=Duty.Kind.CALL_CUSTOMER, subject__in=[each.public_id for each in promises])
        .values_list("subject", "public_id")
    )
    rows = [(each.due_at, _promise_row(each, calls, asked, viewer)) for each in promises]
    rows += [(each.due_at, _escalation_row(each, asked, viewer)) for each in escalations]
    return {
        "rows": [row for _, row in sorted(rows, key=lambda each: each[0])],
        "overdue": late.count(),
        "overdue_url": rows_url("overdue", asked),
        "escalations": gone_up.count(),
        "escalations_url": rows_url("escalations", asked),
        "all_url": f"{desk_url(asked.desk, 'promises')}?state=overdue&whose=all",
    }


def yes_part(asked: Asked) -> dict:
    """Goodwill and third appointments that wait, and what was given: nine queries at most."""
    proposed = goodwill_page(Goodwill.State.PROPOSED, size=SHOWN).rows
    histories = histories_of([each.customer for each in proposed], now=asked.now)
    waiting = waiting_for_approval()
    visits = list(_first(waiting, "planned_start", "pk").select_related("customer", "booked_by__user"))
    given = goodwill_given(asked.days)
    goodwill_count, visit_count = goodwill_counts()[Goodwill.State.PROPOSED], waiting.count()
    return {
        "waiting": goodwill_count + visit_count,
        "goodwill": [_asked_for(each, histories[each.customer_id], asked) for each in proposed],
        "visits": [(each, _approval_words(each, asked)) for each in visits],
        "goodwill_count": goodwill_count,
        "goodwill_url": f"{desk_url(asked.desk, 'goodwill')}?state=proposed",
        "visit_count": visit_count,
        "visits_url": rows_url("approvals", asked),
        "given_count": given.count,
        "given_amount": worth(given.amount, given.days, asked.desk.currency, money=whole_money),
        "given_url": rows_url("given", asked),
    }


def kinds_part(asked: Asked) -> dict:
    """Kept on time by kind of promise, the answers to cases, and what drags the figure: three queries."""
    by_kind = kept_by_kind(asked.days, now=asked.now)
    answered = answered_in_time(asked.days, now=asked.now)
    bars = [
        _bar(PROMISE_WORDS[kind], share, rows_url("kept", asked, kind=kind))
        for kind, share in by_kind.items()
    ]
    if answered.whole:
        bars.append(_bar("First answer to a case", answered, rows_url("answered", asked)))
    return {"bars": bars, **_drag_words(what_drags(by_kind, asked.days, now=asked.now), asked)}


def recommendations_part(asked: Asked) -> dict:
    """Open recommendations by severity and age, and the breakdowns that they foretold: five queries."""
    found = open_recommendations(asked.desk, now=asked.now)
    levels = sorted(Recommendation.Severity, reverse=True)
    old = next((one for one in levels if one >= 3 and found.of(one, Age.OVER_90)), None)
    return {
        "count": found.count,
        "url": rows_url("open-recommendations", asked),
        "ages": [age.label for age in Age],
        "rows": [
            (
                level.label,
                [
                    (
                        found.of(level, age),
                        _heat(level, place, found.of(level, age)),
                        rows_url("open-recommendations", asked, severity=level.value, age=age.value),
                        age.label,
                    )
                    for place, age in enumerate(Age)
                ],
            )
            for level in levels
        ],
        "old": found.of(old, Age.OVER_90) if old else 0,
        "old_level": old.label if old else "",
        "old_url": rows_url("open-recommendations", asked, severity=old.value, age=Age.OVER_90)
        if old
        else "",
        "warned": breakdowns_in(asked.days).count(),
        "warned_url": rows_url("warned", asked),
    }


def lapsing_part(asked: Asked) -> dict:
    """The paid visits that lapse next, and what becomes of their contracts: seven queries at most."""
    grants = first_to_lapse(asked.desk, asked.today)
    contracts = [each.term.contract_id for each in grants]
    covers = {each.pk: each for each in _COVERS.rows(contracts=contracts, day=asked.today)}
    standing = RenewalOffer.objects.filter(
        Q(accepted_at__isnull=False) | Q(sent_at__isnull=False),
        contract__in=covers,
        declined_at__isnull=True,
        settled_at__isnull=True,
    )
    offered = set(standing.values_list("contract", flat=True))
    unused = desk_url(asked.desk, "unused")
    return {
        "rows": [
            {
                "grant": each,
                "customer": each.term.contract.customer,
                "ends": date_word(each.until, today=asked.today),
                "left": f"{int(each.left)} of {int(each.quantity)}",
                "booked": int(each.booked),
                "renewal": _renewal_words(covers[each.term.contract_id], each, offered),
                "url": f"{unused}?contract={each.term.contract.public_id}",
            }
            for each in grants
        ],
        "url": rows_url("unused", asked, only="soon"),
        "renewals_url": rows_url("renewals-due", asked),
    }


def missed_part(asked: Asked) -> dict:
    """The latest visits that we missed, and what customers said of those that took place: four queries."""
    rows = _first(visits_missed(asked.days), "-planned_start", "-pk").select_related("customer")
    zone, today = asked.days.zone, asked.today
    return {
        "rows": [
            {
                "visit": each,
                "when": date_word(local_day(each.planned_start, zone), today=today),
                "is_open": each.miss_closed_at is None and not each.is_history,
                "said": why_missed(each)
                or f"{names_of(each)}, {moment_word(each.planned_start, zone=zone, today=today)}",
            }
            for each in rows.prefetch_related("assignments__technician")
        ],
        "url": rows_url("missed", asked),
        "faces": _faces(asked),
    }


def _first(rows: QuerySet, *order: str) -> QuerySet:
    """The first few of some rows, to be read with whatever belongs to them.

    Chosen before anything is joined to them: else all of a desk's customers may be gone through for them.
    """
    chosen = rows.order_by(*order)[:SHOWN].values("pk")
    return rows.model.objects.filter(pk__in=chosen).order_by(*order)


def _faces(asked) -> list[tuple[int, str, str]]:
    """How many answers of these days have each face, the best first: how many, its word, their rows."""
    found = answers_by_face(asked.desk, asked.days.first, asked.days.last)
    return [
        (count, FollowUp.Face(face).label.lower(), rows_url("answers", asked, only=face))
        for face, count in found.items()
        if count
    ]


def _promise_row(promise: Promise, calls, asked, viewer) -> Late:
    call = calls.get(promise.public_id)
    url = desk_url(asked.desk, "call-owed", id=call) if call else ""
    about = [f"About {promise.case.title}"] if promise.case else []
    about += ["Broken, and nobody has rung them"] if call else []
    return Late(
        icon=ICONS.get(promise.kind, "handshake"),
        what=promise.text,
        detail=". ".join(about),
        customer=promise.customer.called,
        customer_url=desk_url(asked.desk, "customer", id=promise.customer.public_id),
        whose=_whose(promise.owner, viewer) or "Nobody",
        late=span_word(asked.now - promise.due_at),
        is_late=True,
        act=CALL_NOW if call else "See to it",
        url=url or desk_url(asked.desk, "promise", id=promise.public_id),
    )


def _escalation_row(duty: Duty, asked, viewer) -> Late:
    customer = duty.customer
    is_late = duty.due_at < asked.now
    span = span_word(abs(asked.now - duty.due_at))
    return Late(
        icon="trending-up",
        what=duty.title,
        detail=" ".join(duty.detail.split())[:120],
        customer=customer.called if customer else "",
        customer_url=desk_url(asked.desk, "customer", id=customer.public_id) if customer else "",
        whose=_whose(duty.owner, viewer) or duty.get_owner_role_display(),
        late=span if is_late else f"in {span}",
        is_late=is_late,
        act="Take over",
        url=desk_url(asked.desk, "take-over", id=duty.public_id),
    )


def _whose(owner, viewer) -> str:
    if owner is None:
        return ""
    return "You" if owner.pk == viewer.pk else owner.name.split()[0]


def _asked_for(goodwill: Goodwill, history, asked) -> dict:
    """Amount, reason, history and who asks."""
    customer, by = goodwill.customer, goodwill.proposed_by
    since = f"Customer since {customer.customer_since:%Y}. " if customer.customer_since else ""
    broken = f"{history.broken} promise{'' if history.broken == 1 else 's'} broken"
    return {
        "row": goodwill,
        "amount": worth(goodwill.amount, goodwill.days, asked.desk.currency, money=whole_money),
        "says": f"{goodwill.reason.rstrip('.')}. {since}{history.misses} missed, {broken} in 12 months. "
        f"Asked by {by.name.split()[0] if by else 'the rule'}.",
    }


def _approval_words(visit, asked) -> str:
    told = window_word(visit.window_start, visit.window_end, zone=asked.days.zone, today=asked.today)
    by = visit.booked_by.name.split()[0] if visit.booked_by else "the customer"
    return f"Missed twice in 90 days. Booked by {by} for {told}; they are told nothing before you decide."


def _bar(label, share, url) -> Bar:
    return Bar(
        label=label,
        url=url,
        value=value_words(share),
        counts=counts_words(share) if share.whole >= FEWEST else "",
        width=share.percent,
        is_low=share.percent < KEPT_TARGET - LOW,
    )


def _drag_words(drag, asked) -> dict:
    """One sentence on what pulls the figure down, where one thing does, and where its rows are."""
    if drag is None:
        return {"drag": "", "drag_url": ""}
    kind, half_day = PROMISE_WORDS[drag.kind], drag.half_day
    narrowed = {"kind": drag.kind, "only": "late"}
    if half_day is None:
        says = f"“{kind}” pulls the figure down: {counts_words(drag.late)} late ones."
        return {"drag": says, "drag_url": rows_url("kept", asked, **narrowed)}
    narrowed["half"] = f"{half_day.weekday}-{'am' if half_day.is_morning else 'pm'}"
    says = f"“{kind}” pulls the figure down: {counts_words(drag.gathered)} late ones were due on "
    return {"drag": f"{says}{half_day_words(half_day)}.", "drag_url": rows_url("kept", asked, **narrowed)}


def _heat(level, place, count) -> int:
    """From 0 (nothing, or it can wait) to 4 (likely to fail, and old): what the square is tinted with."""
    age = min(place, 2)
    return min(4, max(0, age + level - 1 - (level == 1))) if count else 0


def _renewal_words(contract, grant, offered) -> tuple[str, str, str]:
    """What becomes of the contract after this term: tone, icon and words."""
    if contract.last_end > grant.term.ends_on:
        return "good", "check", "Renewed"
    if contract.cover_state == State.IN_REVIEW:
        return "warn", "clock", "In review"
    if contract.noticed or contract.cancelled:
        return "plain", "", "Ends with notice"
    return ("info", "mail", "Offer out") if contract.pk in offered else ("plain", "", "Not asked yet")
