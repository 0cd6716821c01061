"""What a customer answers when asked how a visit was, and what comes of it, each once (R7.4, R6.8).

A poor answer is a complaint with an owner and clocks, and somebody rings; good words reach who was there
and their lead; what else is needed is a duty. Amended, an answer adds its words where they are seen to
and does nothing a second time; where a person has seen to it already, new words are to be seen to again.
"""

import datetime as dt

from django.db import transaction

from cases.asked_calls import promise_with, release_with_duties
from cases.duties import open_duty
from cases.interactions import note_interaction
from cases.matters import matters_near, take_in
from cases.models import Case, Duty, Interaction
from cases.reopening import standing_case
from cases.supervising import business_hours_after, lead_of
from customers.models import Equipment, TimelineEntry
from customers.timeline import add_line
from tenancy.models import Membership, Role
from visits.announcements import contact_of
from visits.models import FollowUp, Visit
from visits.places import hold_visits
from visits.praising import praise_from, withdraw_praise

# In the desk's working time.
RING_WITHIN = dt.timedelta(hours=1)
NEEDED_WITHIN = dt.timedelta(hours=8)
Kind = Duty.Kind
TAKEN_BACK = "They took it back on their page"


class NothingSaid(ValueError):
    """Neither a face nor a word."""


@transaction.atomic
def answer_follow_up(
    visit: Visit,
    *,
    face: int | None = None,
    words: str | None = None,
    needs: str | None = None,
    now: dt.datetime,
) -> FollowUp:
    """Keep what the customer says of a visit and let all come of it that has not yet.

    What is None stays as it was said before; what is empty is taken back. Raises NothingSaid, and
    ValueError for an unknown face.
    """
    face = None if face is None else FollowUp.Face(face)
    # Pressed twice at once, the second sees the first.
    hold_visits([visit.pk])
    said = FollowUp.objects.filter(visit=visit).first() or FollowUp(visit=visit, answered_at=now)
    before = (said.face, said.words, said.needs)
    said.face = said.face if face is None else face
    said.words = said.words if words is None else words.strip()
    said.needs = said.needs if needs is None else needs.strip()
    is_same = before == (said.face, said.words, said.needs)
    says_nothing = said.face is None and not (said.words or said.needs)
    if says_nothing or is_same and face is None and not (words or needs):
        raise NothingSaid("Tap a face, or write a word.")
    if is_same:
        return said
    said.words_complain = _complaining(said, before)
    said.changed_at = now
    said.save()
    _tell_timeline(said, before, now)
    if said.is_poor or said.case is not None:
        _see_to_poor(said, before, now)
    if said.is_good and said.words and not said.words_complain:
        praise_from(said, said_by=_who(visit), now=now)
    else:
        withdraw_praise(said, now=now)
    if said.case is None and not said.is_good and said.words:
        _see_to_words(said, before, now)
    elif not said.words:
        release_with_duties(said.public_id, Kind.CHECK_CALL, now=now, evidence=TAKEN_BACK)
    if said.needs != before[2]:
        _see_to_needs(said, now)
    return said


def _complaining(said, before) -> bool:
    """Whether the words complain: under a poor face, unless they stood under a good one before."""
    if said.words != before[1]:
        return said.is_poor
    return said.words_complain or said.is_poor and before[0] not in FollowUp.GOOD_FACES


def _see_to_poor(said, before, now) -> None:
    """A complaint on the matter that it belongs to, with an owner, and somebody who rings."""
    if said.case is None:
        _complain(said, now)
    elif (said.face, said.words) != before[:2]:
        _say_more(said, now)


def _complain(said, now) -> None:
    visit = said.visit
    due_at = business_hours_after(visit.tenant, RING_WITHIN, now=now)
    case = take_in(
        customer=visit.customer,
        kind=Case.Kind.COMPLAINT,
        title=_title(said),
        words=said.words,
        by=None,
        now=now,
        channel=Interaction.Channel.MESSAGE,
        contact=contact_of(visit),
        site=visit.site,
        equipment=list(Equipment.objects.filter(visited__visit=visit).order_by("pk")),
        response_due_at=due_at,
        matter=_matter_of(visit, now),
    )
    if case.owner is None:
        case.owner = _who_answers_for(visit, now)
        Case.objects.filter(pk=case.pk).update(owner=case.owner)
    said.case = case
    said.contact_noted = case.interactions.filter(direction=Interaction.Direction.IN).order_by("-pk").first()
    said.save(update_fields=["case", "contact_noted"])
    _ring(said, due_at, now)


def _say_more(said, now) -> None:
    """While nobody has rung, the same contact says more; afterwards it is a contact of its own."""
    waiting = Duty.objects.open().filter(kind=Kind.CALL_CUSTOMER, subject=said.public_id).first()
    summary = _summary(said)
    if waiting is not None:
        Interaction.objects.filter(pk=said.contact_noted_id).update(summary=summary)
        # A case of its own has its words from this answer.
        Case.objects.filter(pk=said.case_id, opened_at=said.contact_noted.at).update(words=said.words)
        waiting.title, waiting.detail = _ring_title(said)[:200], said.words
        waiting.save(update_fields=["title", "detail"])
        return
    said.contact_noted = note_interaction(
        customer=said.visit.customer,
        contact=contact_of(said.visit),
        case=said.case,
        channel=Interaction.Channel.MESSAGE,
        summary=summary,
        by=None,
        now=now,
        tell_timeline=False,
    )
    said.save(update_fields=["contact_noted"])
    _ring(said, business_hours_after(said.visit.tenant, RING_WITHIN, now=now), now)


def _see_to_words(said, before, now) -> None:
    """Neither praise nor a complaint: a person reads them and answers; said anew before that, one duty."""
    waiting = Duty.objects.open().filter(kind=Kind.CHECK_CALL, subject=said.public_id).first()
    if waiting is not None:
        waiting.detail = _summary(said)
        waiting.save(update_fields=["detail"])
    elif said.words != before[1] or before[0] in FollowUp.GOOD_FACES:
        _open_duty(
            said,
            Kind.CHECK_CALL,
            title=f"Read and answer: {said.visit.customer} about visit {said.visit.number}",
            detail=_summary(said),
            promises=f"Read what they wrote about visit {said.visit.number}, and answer",
            due_at=business_hours_after(said.visit.tenant, NEEDED_WITHIN, now=now),
            owner=_here(said.visit.booked_by),
            now=now,
        )


def _see_to_needs(said, now) -> None:
    """A person sees to what else they need; said anew before that, it is the same duty."""
    if not said.needs:
        release_with_duties(said.public_id, Kind.SEE_TO_NEED, now=now, evidence=TAKEN_BACK)
        return
    waiting = Duty.objects.open().filter(kind=Kind.SEE_TO_NEED, subject=said.public_id).first()
    if waiting is not None:
        waiting.detail = said.needs
        waiting.save(update_fields=["detail"])
        return
    customer = said.visit.customer
    _open_duty(
        said,
        kind=Kind.SEE_TO_NEED,
        title=f"{customer} also needs: {' '.join(said.needs.split())}",
        detail=said.needs,
        promises="See to what else they need, and tell them",
        due_at=business_hours_after(said.visit.tenant, NEEDED_WITHIN, now=now),
        owner=_here(said.visit.booked_by),
        now=now,
    )


def _ring(said, due_at, now) -> None:
    title, owner = _ring_title(said), _here(said.case.owner)
    _open_duty(
        said,
        Kind.CALL_CUSTOMER,
        title=title,
        detail=said.words,
        promises=f"Ring them about visit {said.visit.number}",
        due_at=due_at,
        owner=owner,
        now=now,
    )


def _open_duty(said, kind, *, title, detail, promises, due_at, owner, now) -> None:
    """With the promise that their page makes of it."""
    # Of a thing that was seen to and comes up again, the next.
    turn = Duty.objects.filter(kind=kind, subject=said.public_id).count()
    duty = open_duty(
        "said after a visit",
        kind,
        said.public_id,
        turn,
        kind=kind,
        title=title,
        detail=detail,
        due_at=due_at,
        now=now,
        owner=owner,
        owner_role=Role.DISPATCHER,
        customer=said.visit.customer,
        case=said.case,
        subject=said.public_id,
    )
    promise_with(duty, text=promises, now=now)


def _matter_of(visit, now) -> Case | None:
    """The visit's own case while it is open, or was closed of late; else what the rule of matters finds."""
    if visit.case is None:
        return None
    own = standing_case(visit.case)
    return next((case for case in matters_near(visit.customer, now=now) if case.pk == own.pk), None)


def _who_answers_for(visit, now) -> Membership | None:
    """The lead of who was there; where nobody leads, who booked it."""
    assigned = visit.assignments.select_related("technician__membership__lead__user").order_by("pk").first()
    lead = lead_of(assigned.technician.membership if assigned else None, now=now)
    return lead or _here(visit.booked_by)


def _here(person: Membership | None) -> Membership | None:
    """Who still works here; without one a duty is every dispatcher's."""
    return person if person is not None and person.ended_at is None else None


def _who(visit) -> str:
    contact = contact_of(visit)
    return contact.name if contact is not None and contact.name else visit.customer.name


def _title(said) -> str:
    return f"{said.get_face_display()}: visit {said.visit.number}"


def _ring_title(said) -> str:
    return f"Ring {said.visit.customer}: visit {said.visit.number} was {said.get_face_display().lower()}"


def _summary(said) -> str:
    return "\n".join(filter(None, (said.face and _title(said), said.words)))


def _tell_timeline(said, before, now) -> None:
    """One line for the first answer, and one for each that said something else."""
    is_first = before == (None, "", "")
    needs = said.needs and said.needs != before[2] and f"They also need: {said.needs}"
    words = said.words if said.words != before[1] else ""
    face = said.face and said.face != before[0] and said.get_face_display()
    title = f"Asked how visit {said.visit.number} was"
    otherwise = "more words" if words or needs else "taken back"
    add_line(
        said.visit.customer,
        TimelineEntry.Kind.VISIT,
        f"{title}: {face}" if face else title if is_first else f"{title}: {otherwise}",
        at=now,
        detail="\n".join(filter(None, (words, needs))),
        subject=said.visit.public_id,
        step="said how it was" if is_first else f"said {now.isoformat()}"[:40],
    )
