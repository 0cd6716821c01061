"""Two rows that are one customer: merged with everything that hangs on them, and undone (R1.10, R7.3).

Every foreign key to a customer is followed, whichever app it belongs to, so a table made tomorrow is
merged without a word here. What was moved is written down row by row: undoing moves back just that.
The customer who went keeps their row and says who they became, so old links lead on.
"""

import datetime as dt
from collections.abc import Iterator

from django.db import models, transaction

from customers.models import (
    Contact,
    Customer,
    CustomerMerge,
    DuplicateProposal,
    MergedRow,
    SearchWord,
    TimelineEntry,
)
from customers.search_words import index_customer
from customers.timeline import add_line
from tenancy.references import fields_pointing_at

# What says of two customers that they are two, and the words written anew from what they have.
_STAY = {DuplicateProposal, CustomerMerge, Customer}
# What the kept customer takes over where it knew nothing.
_TAKEN_OVER = ("company", "customer_since", "notes", "language", "time_zone", "account_owner_id")


class CannotMerge(ValueError):
    """These two cannot be made one, or not be parted; says why."""


@transaction.atomic
def merge_customers(*, kept: Customer, gone: Customer, by, now: dt.datetime) -> CustomerMerge:
    """Make `gone` a part of `kept`: sites, machines, contracts, visits, money, promises, all of it.

    The earlier "customer since" counts. Raises CannotMerge for one customer, or one that was merged.
    """
    kept, gone = _locked(kept, gone)
    if kept.pk == gone.pk:
        raise CannotMerge("Choose two customers.")
    for customer in (kept, gone):
        if customer.merged_into_id is not None:
            raise CannotMerge(f"{customer.called} is a part of another customer already.")
    before = {name: _stored(getattr(kept, name)) for name in _TAKEN_OVER}
    merge = CustomerMerge.objects.create(kept=kept, gone=gone, before=before, merged_at=now, merged_by=by)
    _step_down(kept, gone, merge)
    for field in fields_to_customers():
        _move(field, gone, kept, merge)
    _take_over(kept, gone)
    gone.merged_into = kept
    gone.save(update_fields=["merged_into"])
    _index(kept, gone)
    _decide(kept, gone, DuplicateProposal.State.MERGED, by, now)
    add_line(
        kept,
        TimelineEntry.Kind.MERGE,
        f"Merged with {gone.called}",
        at=now,
        actor=by,
        subject=merge.public_id,
        step="merged",
    )
    return merge


@transaction.atomic
def undo_merge(merge: CustomerMerge, *, by, now: dt.datetime) -> None:
    """Part the two again: what was moved goes back, and what was made since of things that go back.

    What else came since stays with the kept customer.
    Raises CannotMerge when it was undone before, or the kept customer was merged on.
    """
    kept, gone = _locked(merge.kept, merge.gone)
    merge = CustomerMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        raise CannotMerge("Somebody parted them already.")
    if kept.merged_into_id is not None:
        raise CannotMerge(f"{kept.called} became a part of another customer. Part those first.")
    fields = {_place(field): field for field in fields_to_customers()}
    moved: dict[str, list[int]] = {}
    for place, row in merge.rows.values_list("place", "row"):
        moved.setdefault(place, []).append(row)
    main = moved.pop(MAIN_CONTACT, [])
    for place, rows in moved.items():
        field = fields[place]
        field.model.objects.filter(pk__in=rows, **{field.name: kept}).update(**{field.name: gone})
    Contact.objects.filter(pk__in=main, customer=gone).update(is_main=True)
    _made_since_goes_along(kept, gone, merge)
    _lines_go_along(kept, gone, merge)
    _give_back(kept, gone, merge.before)
    gone.merged_into = None
    gone.save(update_fields=["merged_into"])
    merge.undone_at, merge.undone_by = now, by
    merge.save(update_fields=["undone_at", "undone_by"])
    _index(kept, gone)
    _decide(kept, gone, DuplicateProposal.State.DIFFERENT, by, now)
    for customer, other in ((kept, gone), (gone, kept)):
        add_line(
            customer,
            TimelineEntry.Kind.MERGE,
            f"Parted from {other.called}: not the same customer",
            at=now,
            actor=by,
            subject=merge.public_id,
            step="parted",
        )


@transaction.atomic
def keep_apart(proposal: DuplicateProposal, *, by, now: dt.datetime) -> None:
    """They are two: the pair is not proposed again."""
    DuplicateProposal.objects.filter(pk=proposal.pk, state=DuplicateProposal.State.PROPOSED).update(
        state=DuplicateProposal.State.DIFFERENT, decided_at=now, decided_by=by
    )


MAIN_CONTACT = "customers.contact.is_main"


def _locked(kept, gone) -> tuple[Customer, Customer]:
    found = _hold([kept.pk, gone.pk])
    return found[kept.pk], found[gone.pk]


def _hold(customers) -> dict[int, Customer]:
    """Their rows, in the order of their keys: two who merge the same pair wait, not for each other.

    Not their keys: whoever holds a contract or a visit and writes down something of its customer would
    wait for us, and we for their contract.
    """
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=customers)
    return {row.pk: row for row in rows.order_by("pk")}


def fields_to_customers() -> Iterator[models.Field]:
    """Every foreign key to a customer that a merge follows, of whatever app."""
    return fields_pointing_at(Customer, besides=_STAY)


def _place(field) -> str:
    return f"{field.model._meta.label_lower}.{field.name}"


def _step_down(kept, gone, merge) -> None:
    """One main contact: the kept customer's, where there is one."""
    if not Contact.objects.filter(customer=kept, is_main=True).exists():
        return
    mains = list(Contact.objects.filter(customer=gone, is_main=True).values_list("pk", flat=True))
    Contact.objects.filter(pk__in=mains).update(is_main=False)
    MergedRow.objects.bulk_create(MergedRow(merge=merge, place=MAIN_CONTACT, row=pk) for pk in mains)


def _move(field, gone, kept, merge) -> None:
    rows = _that_move(field, field.model.objects.filter(**{field.name: gone}), kept)
    moved = list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    field.model.objects.filter(pk__in=moved).update(**{field.name: kept})
    MergedRow.objects.bulk_create(
        (MergedRow(merge=merge, place=_place(field), row=pk) for pk in moved), batch_size=5000
    )


def _that_move(field, rows, kept):
    """All but the lines that the kept customer was told as well, and the words that are written anew."""
    if field.model is TimelineEntry:
        told = TimelineEntry.objects.filter(
            customer=kept, kind=models.OuterRef("kind"), subject=models.OuterRef("subject")
        ).filter(step=models.OuterRef("step"), subject__isnull=False)
        return rows.filter(~models.Exists(told))
    return rows.filter(subject__isnull=False) if field.model is SearchWord else rows


def _made_since_goes_along(kept, gone, merge) -> None:
    """What was made since the merge of things that went back: a link, a call owed, a visit at their site.

    Public ids are in the order of making. Once more while others follow: a promise hangs on its duty.
    """
    ways = dict(owned_by_customers())
    fields = [field for field in fields_to_customers() if field.model is not TimelineEntry]
    followed = 1
    while followed:
        since = {
            field: field.model.objects.filter(**{field.name: kept}, public_id__gt=merge.public_id)
            for field in fields
        }
        subjects = set()
        for field, rows in since.items():
            if _has_subject(field):
                subjects.update(rows.filter(subject__isnull=False).values_list("subject", flat=True))
        theirs = _theirs(subjects, gone)
        followed = sum(
            rows.filter(_hangs_on(field, ways, kept, gone, theirs)).update(
                # One main contact: the one they had.
                **{field.name: gone, **({"is_main": False} if field.model is Contact else {})}
            )
            for field, rows in since.items()
        )


def _hangs_on(field, ways, kept, gone, theirs) -> models.Q:
    """Which rows are of something of `gone`; of a person only where nothing else says whose they are."""
    things, people, ours = models.Q(pk__in=()), models.Q(pk__in=()), models.Q(pk__in=())
    for key in field.model._meta.concrete_fields:
        if key is field or key.related_model not in ways:
            continue
        whose = f"{key.name}__{ways[key.related_model]}"
        if key.related_model is Contact:
            people |= models.Q(**{whose: gone})
        else:
            things |= models.Q(**{whose: gone})
            ours |= models.Q(**{whose: kept})
    if _has_subject(field):
        things |= models.Q(subject__in=theirs)
    return things | (people & ~ours)


def _has_subject(field) -> bool:
    return any(one.name == "subject" for one in field.model._meta.concrete_fields)


def _theirs(subjects: set, owner) -> set:
    """Those of some public ids that are of a customer's things."""
    found = set()
    for model, path in owned_by_customers() if subjects else ():
        rows = model.objects.filter(**{path: owner}, public_id__in=subjects)
        found.update(rows.values_list("public_id", flat=True))
    return found


def _lines_go_along(kept, gone, merge) -> None:
    """What was told since the merge of things that go back goes back with them: a visit and its end."""
    told = TimelineEntry.objects.filter(customer=kept, subject=merge.public_id, step="merged").first()
    if told is None:
        return
    since = TimelineEntry.objects.filter(customer=kept, pk__gt=told.pk, subject__isnull=False)
    subjects = set(since.values_list("subject", flat=True))
    theirs = _theirs(subjects, gone)
    moving = since.filter(subject__in=theirs).exclude(subject=merge.public_id)
    _that_move(moving.model._meta.get_field("customer"), moving, gone).update(customer=gone)


def owned_by_customers() -> Iterator[tuple[type[models.Model], str]]:
    """Every table whose rows belong to one customer, with the way to that customer: "site__customer".

    By its own customer, else by keys that each row must have: the contract of a renewal.
    """
    ways: dict[type[models.Model], str] = {}
    new = {Customer: ""}
    while new:
        found: dict[type[models.Model], str] = {}
        for target, way in new.items():
            for field in fields_pointing_at(target, besides=_STAY):
                is_sure = target is Customer or not field.null
                if is_sure and field.model not in ways and field.model not in found:
                    found[field.model] = f"{field.name}__{way}" if way else field.name
        ways |= found
        new = found
    yield from ways.items()


# Strays


@transaction.atomic
def rehome_strays() -> int:
    """Move what came to a customer who is a part of another to that one; how many rows.

    Whoever read the customer before the merge may write of them after it. What is moved is written
    down with the merge, and goes back with it. Statements do not grow with the customers.
    """
    if not Customer.objects.filter(merged_into__isnull=False).exists():
        return 0
    moved = 0
    # A customer who was merged on leads on: once more for each of these steps.
    while strays := {field: found for field in fields_to_customers() if (found := _strays(field))}:
        merges = _hold_merges({gone for found in strays.values() for _, gone in found})
        moving = {
            field: [(pk, merges[gone]) for pk, gone in found if gone in merges]
            for field, found in strays.items()
        }
        if not any(moving.values()):
            return moved
        for field, rows in moving.items():
            moved += _rehome(field, rows)
    return moved


def _strays(field) -> list[tuple[int, int]]:
    """Rows of one table that point at a customer who was merged, each with that customer."""
    rows = field.model.objects.filter(**{f"{field.name}__merged_into__isnull": False})
    kept = models.OuterRef(f"{field.name}__merged_into")
    return list(_that_move(field, rows, kept).order_by("pk").values_list("pk", field.attname))


def _hold_merges(customers: set[int]) -> dict[int, CustomerMerge]:
    """The standing merges by who went: nobody parts them meanwhile.

    Who they became is held along, to the end: a contract that moves there holds its new customer, and
    whoever parts the two holds that one first.
    """
    held, found = set(), set(customers)
    while found:
        held |= found
        became = Customer.objects.filter(pk__in=found, merged_into__isnull=False)
        found = set(became.values_list("merged_into", flat=True)) - held
    _hold(held)
    # One who was parted and merged with somebody else meanwhile waits for the next time.
    standing = CustomerMerge.objects.filter(gone__in=customers, kept__in=held, undone_at__isnull=True)
    return {merge.gone_id: merge for merge in standing}


def _rehome(field, rows: list[tuple[int, CustomerMerge]]) -> int:
    if field.model is Contact:
        # One main contact: who came later than the merge is one of the others, and stays so.
        Contact.objects.filter(pk__in=[pk for pk, _ in rows], is_main=True).update(is_main=False)
    became = Customer.objects.filter(pk=models.OuterRef(field.attname)).values("merged_into")
    there = field.model.objects.filter(pk__in=[pk for pk, _ in rows])
    there = there.filter(**{f"{field.name}__in": {merge.gone_id for _, merge in rows}})
    moved = set(there.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    field.model.objects.filter(pk__in=moved).update(**{field.name: models.Subquery(became)})
    place = _place(field)
    MergedRow.objects.bulk_create(
        (MergedRow(merge=merge, place=place, row=pk) for pk, merge in rows if pk in moved),
        ignore_conflicts=True,
    )
    return len(moved)


def _take_over(kept, gone) -> None:
    since = [day for day in (kept.customer_since, gone.customer_since) if day]
    for name in _TAKEN_OVER:
        if not getattr(kept, name):
            setattr(kept, name, getattr(gone, name))
    kept.customer_since = min(since, default=None)
    kept.save(update_fields=[name.removesuffix("_id") for name in _TAKEN_OVER])


def _give_back(kept, gone, before) -> None:
    """What was taken over and nobody has changed since is again what it was."""
    for name, value in before.items():
        taken = getattr(gone, name)
        if getattr(kept, name) == taken and _stored(taken) != value:
            setattr(kept, name, Customer._meta.get_field(name.removesuffix("_id")).to_python(value))
    kept.save(update_fields=[name.removesuffix("_id") for name in before])


def _index(kept, gone) -> None:
    """Words of names and addresses anew; numbers went along with their rows."""
    SearchWord.objects.filter(customer=gone, subject__isnull=True).delete()
    index_customer(kept)
    if gone.merged_into_id is None:
        index_customer(gone)


def _decide(kept, gone, state, by, now) -> None:
    first, second = sorted((kept.pk, gone.pk))
    DuplicateProposal.objects.update_or_create(
        first_id=first,
        second_id=second,
        defaults={"state": state, "decided_at": now, "decided_by": by},
        create_defaults={
            "state": state,
            "decided_at": now,
            "decided_by": by,
            "proposed_at": now,
            "reason": "Merged by hand",
        },
    )


def _stored(value):
    return value.isoformat() if isinstance(value, dt.date) else value
