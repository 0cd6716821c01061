"""Two cases that are one matter are joined; what was another matter is split off (R6.4)."""

import datetime as dt

from django.db import models, transaction
from django.db.models import F

from cases.case_lines import add_case_line
from cases.clocks import Standing, response_of, settling_of
from cases.escalating import escalate_if_due
from cases.life import CaseRefused, held
from cases.matters import open_case
from cases.models import Case, Interaction
from tenancy.references import fields_pointing_at

Kind = Case.Kind


@transaction.atomic
def join_cases(*, kept: Case, gone: Case, by, now: dt.datetime, seen: str) -> Case:
    """Make `gone` a part of `kept`: contacts, promises, visits, duties and links go along, its address too.

    The kept one is never less than either was: a complaint stays one, the graver severity, the earlier
    beginning, the clock that was missed. `seen` is `seen_of(kept)` as the person saw it. Raises
    CaseRefused and ChangedMeanwhile.
    """
    if kept.pk == gone.pk:
        raise CaseRefused("Choose another case: this is the same one.")
    # What hangs on a case before the case, as whoever finishes a visit does: nobody waits in a circle.
    for field in fields_pointing_at(Case):
        _hold(field, gone)
    # In the order of their keys: two who join the same pair wait, and not for each other.
    first, second = sorted((kept, gone), key=lambda case: case.pk)
    rows = {case.pk: held(case, seen if case.pk == kept.pk else None) for case in (first, second)}
    kept, gone = rows[kept.pk], rows[gone.pk]
    if kept.customer_id != gone.customer_id:
        raise CaseRefused("These are cases of two customers. Merge the customers first.")
    if Case.State.CLOSED in (kept.state, gone.state):
        raise CaseRefused("A closed case is joined with nothing. Open it again first.")
    Case.objects.filter(pk=kept.pk).update(**_of_both(kept, gone, now), version=F("version") + 1)
    for field in fields_pointing_at(Case):
        _move(field, gone, kept)
    Case.objects.filter(pk=gone.pk).update(
        state=Case.State.CLOSED,
        closed_at=now,
        closed_by=by,
        outcome=f"The same matter as “{kept.title}”"[:300],
        waiting_since=None,
        waiting_for="",
        joined_into=kept,
        version=F("version") + 1,
    )
    add_case_line(
        gone,
        f"One matter: {kept.title}",
        step="joined",
        now=now,
        by=by,
        detail=f"“{gone.title}” is a part of it. {gone.words}".strip(),
    )
    kept.refresh_from_db()
    escalate_if_due(kept, now=now)
    return kept


@transaction.atomic
def split_off(contact: Interaction, *, kind: str, title: str, by, now: dt.datetime) -> Case:
    """This contact was about another matter: it goes to a new case, whose clocks began when they called.

    Raises CaseRefused without a title, for a contact that went elsewhere meanwhile, and for one that
    a closed case rests on.
    """
    if not title.strip():
        raise CaseRefused("Say what it was about.")
    here = (
        Interaction.objects.select_for_update(of=("self",))
        .select_related("case__customer")
        .get(pk=contact.pk)
    )
    old = here.case
    if old is None or old.pk != contact.case_id:
        raise CaseRefused("This contact is no longer on this case.")
    if held(old, None).state == Case.State.CLOSED:
        raise CaseRefused("The case is closed. Open it again first.")
    new = open_case(
        customer=old.customer,
        kind=kind,
        title=title,
        words=here.summary,
        # Under way already when somebody sees that it is another: due as if it had been seen at once.
        now=here.at,
        by=by,
        site=old.site,
    )
    here.case = new
    here.save(update_fields=["case"])
    Case.objects.filter(pk=old.pk).update(version=F("version") + 1)
    add_case_line(
        new,
        f"Another matter: {new.title}",
        step="split off",
        now=now,
        by=by,
        detail=f"It was noted on “{old.title}”.",
    )
    return new


def _of_both(kept, gone, now) -> dict:
    """What the kept case is afterwards."""
    fields = {
        "opened_at": min(kept.opened_at, gone.opened_at),
        "severity": max(kept.severity, gone.severity),
        "equipment": kept.equipment or gone.equipment,
        "site": kept.site or gone.site,
        "category": kept.category or gone.category,
        "supervisor": kept.supervisor or gone.supervisor,
        "owner": kept.owner or gone.owner,
        "words": "\n".join(filter(None, dict.fromkeys((kept.words, gone.words or gone.title)))),
    }
    if gone.kind == Kind.COMPLAINT:
        fields["kind"] = Kind.COMPLAINT
    response = _stricter(kept, gone, "response_due_at", response_of, now)
    settling = _stricter(kept, gone, "resolution_due_at", settling_of, now)
    answered = ("response_risk_at", "response_due_at", "responded_at")
    settled = ("resolution_risk_at", "resolution_due_at")
    fields |= {name: getattr(response, name) for name in answered}
    fields |= {name: getattr(settling, name) for name in settled}
    return fields


def _stricter(kept, gone, due, standing, now) -> Case:
    """Whose clock counts: the one that was missed, else the one that is due first."""
    for case in (kept, gone):
        if standing(case, now=now) in (Standing.LATE, Standing.MISSED):
            return case
    if getattr(kept, due) is None or getattr(gone, due) is None:
        return kept if getattr(gone, due) is None else gone
    return min((kept, gone), key=lambda case: getattr(case, due))


def _hold(field, gone) -> None:
    rows = field.model.objects.filter(**{field.name: gone}).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _move(field, gone, kept) -> None:
    """What hangs on one case hangs on the other, but what that has already and may have once."""
    rows = field.model.objects.filter(**{field.name: gone})
    for rule in field.model._meta.total_unique_constraints:
        if field.name in rule.fields:
            same = {name: models.OuterRef(name) for name in rule.fields if name not in (field.name, "tenant")}
            there = field.model.objects.filter(**{field.name: kept}, **same)
            rows = rows.filter(~models.Exists(there))
    rows.update(**{field.name: kept})
