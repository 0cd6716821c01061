"""The rows behind every figure of the overview: which, in which order, and what a line of each says.

A list takes its rows from the module that counts them, so that a figure cannot differ from its rows. The
same lines stand on a page and in a file.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import F, QuerySet

from cases.answered_in_time import cases_to_answer
from cases.goodwill_given import given_in
from cases.kept_promises import HalfDay, late_of_kind, promises_due
from cases.models import Promise
from cases.overdue_promises import open_escalations
from cases.promise_register import overdue_promises
from contracts.what_next import ending_soon
from contracts.wording import money
from recommendations.faults import breakdowns_in
from servicedesk.goodwill_words import worth
from tenancy.addresses import desk_url
from tenancy.calendars import local_day
from tenancy.figures import Days
from tenancy.models import Tenant
from visits.approval import waiting_for_approval
from visits.fixed_first_time import FIXED, reports_that_say
from visits.follow_up_figures import answers_in
from visits.missed_visits import visits_missed, visits_that_ended
from visits.models import FollowUp
from visits.open_recommendations import open_ones
from visits.unused_visits import lapsing_soon
from visits.use_or_lose import open_grants

PROMISE_WORDS = {
    Promise.Kind.WINDOW: "Arrival window",
    Promise.Kind.CONFIRMATION: "Confirmation",
    Promise.Kind.CALL_AHEAD: "Call before we come",
    Promise.Kind.CALL_BACK: "Call back",
    Promise.Kind.ANSWER: "Answer",
    Promise.Kind.VISIT: "New visit",
    Promise.Kind.MONEY: "Money",
}


@dataclass(frozen=True)
class Asked:
    """For which desk, days and moment; `only` is the part of the rows that is meant, "" for all.

    `kind` and `half_day` narrow promises, `severity` and `age` recommendations.
    """

    desk: Tenant
    days: Days
    now: dt.datetime
    only: str = ""
    kind: str = ""
    half_day: HalfDay | None = None
    severity: int | None = None
    age: str = ""

    @property
    def today(self) -> dt.date:
        """The day of the desk."""
        return local_day(self.now, self.days.zone)


@dataclass(frozen=True)
class RowList:
    """One list: `line` gives the values of a row, `opens` the route and id of the page it leads to."""

    title: str
    heading: tuple[str, ...]
    rows: Callable[[Asked], QuerySet]
    at: str
    line: Callable[[object, Asked], tuple]
    opens: Callable[[object], tuple[str, object]]
    # Of what is to come the nearest stands first; of what was, the latest.
    is_to_come: bool = False
    # Parts of the rows by their word in the address, "" for what the figure counts.
    parts: dict[str, str] = field(default_factory=dict)
    is_of_days: bool = True

    def url_of(self, row, desk: Tenant) -> str:
        """The page on which a row is seen whole."""
        name, public_id = self.opens(row)
        return desk_url(desk, name, id=public_id)


def _promises(asked) -> QuerySet:
    rows = promises_due(asked.days, now=asked.now)
    if asked.only or asked.half_day:
        rows = late_of_kind(asked.kind, asked.days, now=asked.now, half_day=asked.half_day)
    elif asked.kind:
        rows = rows.filter(kind=asked.kind)
    return rows.select_related("customer", "owner__user", "tenant")


def _promise_line(row, asked) -> tuple:
    who = row.owner.name if row.owner else "Nobody"
    ended = row.get_state_display() if row.state != Promise.State.OPEN else "Past its time"
    return row.text, row.customer.called, PROMISE_WORDS[row.kind], who, row.due_at, ended, row.evidence


def _promise_page(row) -> tuple:
    """A visit's promise stands with the visit."""
    return ("visit", row.subject) if row.kind in Promise.OF_VISITS and row.subject else _of_promise(row)


def _of_promise(row) -> tuple:
    if row.kind in Promise.OF_VISITS:
        return "customer", row.customer.public_id
    return "promise", row.public_id


def _visits(asked) -> QuerySet:
    rows = visits_that_ended(asked.days) if asked.only else visits_missed(asked.days)
    return rows.select_related("customer", "tenant").prefetch_related("assignments__technician")


def names_of(visit) -> str:
    """Who was to come, of a visit with its assignments."""
    return " and ".join(each.technician.name for each in visit.assignments.all()) or "Nobody"


def why_missed(visit) -> str:
    """The outcome that somebody wrote, else how it ended; "" while nobody has said anything."""
    return visit.miss_outcome or visit.ended_because


def _visit_line(row, asked) -> tuple:
    kind, state = row.get_kind_display(), row.get_state_display()
    said = why_missed(row) if row.missed_at else ""
    missed = said or "No outcome yet" if row.missed_at else ""
    return row.number, row.customer.called, kind, row.planned_start, names_of(row), state, missed


def _reports(asked) -> QuerySet:
    rows = reports_that_say(asked.days).annotate(at=F("visit_start"))
    rows = rows.exclude(FIXED) if asked.only else rows
    return rows.select_related("visit__customer")


def _report_line(row, asked) -> tuple:
    visit, fixed = row.visit, "Yes" if row.fixed_first_time else "No"
    return visit.number, visit.customer.called, row.at, fixed, row.not_fixed_because, row.next_step


def _grants(asked) -> QuerySet:
    return (lapsing_soon if asked.only else open_grants)(asked.today)


def _grant_line(row, asked) -> tuple:
    contract = row.term.contract
    return contract.number, contract.customer.called, int(row.left), int(row.quantity), row.until


def _renewal_line(row, asked) -> tuple:
    return row.number, row.customer.called, row.kind, row.last_end, money(row.price, row.currency)


def _recommendations(asked) -> QuerySet:
    rows = open_ones(asked.desk, now=asked.now, severity=asked.severity, age=asked.age)
    return rows.select_related("equipment__site__customer")


def _recommendation_line(row, asked) -> tuple:
    severity, state = row.get_severity_display(), row.get_state_display()
    machine = row.equipment
    return row.finding, machine.site.customer.called, machine.name, severity, row.raised_at, state


def _overdue_line(row, asked) -> tuple:
    who = row.owner.name if row.owner else "Nobody"
    broken = "Broken, and nobody has rung them" if row.has_unheard_break else "Past its time"
    return row.text, row.customer.called, who, row.due_at, broken


def _goodwill_line(row, asked) -> tuple:
    amount = worth(row.amount, row.days, asked.desk.currency)
    by = row.decided_by.name if row.decided_by else ""
    return row.item.name, row.customer.called, amount, row.get_cause_display(), row.reason, row.decided_at, by


def _duty_line(row, asked) -> tuple:
    who = row.owner.name if row.owner else row.get_owner_role_display()
    return row.title, row.customer.called if row.customer else "", who, row.due_at, row.detail


def _answers(asked) -> QuerySet:
    face = int(asked.only) if asked.only else None
    return answers_in(asked.desk, asked.days.first, asked.days.last, face=face)


def _answer_line(row, asked) -> tuple:
    visit, face = row.visit, row.get_face_display() or ""
    return visit.number, visit.customer.called, face, row.words, row.needs, row.answered_at


def _case_line(row, asked) -> tuple:
    in_time = row.responded_at is not None and row.responded_at <= row.response_due_at
    answered = row.responded_at or "Not yet"
    return row.title, row.customer.called, row.response_due_at, answered, "Yes" if in_time else "No"


LISTS = {
    "kept": RowList(
        title="Promises kept on time",
        heading=("Promised", "To", "Kind", "Who keeps it", "Due", "How it ended", "What came of it"),
        rows=_promises,
        at="due_at",
        line=_promise_line,
        opens=_promise_page,
        parts={"": "All that fell due", "late": "Not kept on time"},
    ),
    "answered": RowList(
        title="Cases answered in time",
        heading=("Case", "Customer", "To answer by", "Answered", "In time"),
        rows=lambda asked: cases_to_answer(asked.days, now=asked.now).select_related("customer"),
        at="response_due_at",
        line=_case_line,
        opens=lambda row: ("case", row.public_id),
    ),
    "missed": RowList(
        title="Missed visits",
        heading=("Visit", "Customer", "Kind", "Planned", "Who was to come", "State", "Why we missed it"),
        rows=_visits,
        at="planned_start",
        line=_visit_line,
        opens=lambda row: ("visit", row.public_id),
        parts={"": "Missed", "all": "With those that took place"},
    ),
    "overdue": RowList(
        title="Overdue promises",
        heading=("Promised", "To", "Who keeps it", "Due", "How it stands"),
        rows=lambda asked: overdue_promises(now=asked.now).select_related("customer", "owner__user"),
        at="due_at",
        line=_overdue_line,
        opens=_of_promise,
        is_to_come=True,
        is_of_days=False,
    ),
    "escalations": RowList(
        title="Matters that went upstairs",
        heading=("To do", "Customer", "Whose", "Due", "Why"),
        rows=lambda asked: open_escalations().select_related("customer", "owner__user"),
        at="due_at",
        line=_duty_line,
        opens=lambda row: ("take-over", row.public_id),
        is_to_come=True,
        is_of_days=False,
    ),
    "fixed": RowList(
        title="Fixed first time",
        heading=("Visit", "Customer", "Planned", "Fixed first time", "Why not", "Next step"),
        rows=_reports,
        at="at",
        line=_report_line,
        opens=lambda row: ("visit", row.visit.public_id),
        parts={"": "All that say", "again": "Not fixed the first time"},
    ),
    "unused": RowList(
        title="Paid visits not used",
        heading=("Contract", "Customer", "Left", "Granted", "Until"),
        rows=_grants,
        at="until",
        line=_grant_line,
        opens=lambda row: ("contract", row.term.contract.public_id),
        is_to_come=True,
        parts={"": "All", "soon": "That lapse within 30 days"},
        is_of_days=False,
    ),
    "renewals-due": RowList(
        title="Renewals due within 30 days",
        heading=("Contract", "Customer", "What is covered", "Ends", "Price"),
        rows=lambda asked: ending_soon(asked.desk, asked.today),
        at="last_end",
        line=_renewal_line,
        opens=lambda row: ("contract", row.public_id),
        is_to_come=True,
        is_of_days=False,
    ),
    "open-recommendations": RowList(
        title="Recommendations still open",
        heading=("Found", "Customer", "Machine", "Severity", "Raised", "State"),
        rows=_recommendations,
        at="raised_at",
        line=_recommendation_line,
        opens=lambda row: ("recommendation", row.public_id),
        is_to_come=True,
        is_of_days=False,
    ),
    "warned": RowList(
        title="Breakdowns we had warned of",
        heading=("Fault", "Customer", "Noticed"),
        rows=lambda asked: breakdowns_in(asked.days).select_related("customer"),
        at="noticed_at",
        line=lambda row, asked: (row.title, row.customer.called, row.noticed_at),
        opens=lambda row: ("case", row.public_id),
    ),
    "answers": RowList(
        title="What customers said of visits",
        heading=("Visit", "Customer", "How it was", "In their words", "What else they need", "Answered"),
        rows=_answers,
        at="answered_at",
        line=_answer_line,
        opens=lambda row: ("visit", row.visit.public_id),
        parts={"": "All", **{str(face.value): face.label for face in sorted(FollowUp.Face, reverse=True)}},
    ),
    "given": RowList(
        title="Goodwill given",
        heading=("What", "Customer", "Amount", "Counted under", "Reason", "Given", "By"),
        rows=lambda asked: given_in(asked.days),
        at="decided_at",
        line=_goodwill_line,
        opens=lambda row: ("customer", row.customer.public_id),
    ),
    "approvals": RowList(
        title="Third appointments that wait for a yes",
        heading=("Visit", "Customer", "Kind", "Planned", "Who was to come", "State", "Why we missed it"),
        rows=lambda asked: (
            waiting_for_approval()
            .select_related("customer", "tenant")
            .prefetch_related("assignments__technician")
        ),
        at="planned_start",
        line=_visit_line,
        opens=lambda row: ("visit-approval", row.public_id),
        is_to_come=True,
        is_of_days=False,
    ),
}
