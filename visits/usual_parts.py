"""What visits to the same model took: for the same fault where there were such, for the model otherwise.

A part's chance is its share of the visits for the same fault, drawn towards its share of all visits to
the model as if two of those had been for this fault as well: few visits say little. Read from a capped
number of machines and visits, so that a desk with hundreds of thousands of visits waits no longer.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from django.contrib.postgres.expressions import ArraySubquery

from customers.models import Equipment
from tenancy.prepared import Among, Instant, Keys, Prepared, Words
from visits.models import Part, PartUse, Visit, VisitEquipment, VisitKind
from visits.problem_words import telling_words

LOOK_BACK = dt.timedelta(days=3 * 365)
# A part used once in years is no habit; a list longer than this is not packed by anybody.
USUAL_FROM = 2
MOST = 6
LEAST_CHANCE = Fraction(1, 20)
# So many visits to the model are drawn into the share among those for the same fault.
DRAWN = 2
# Of a model the newest machines, and of their visits the last: mostly these have more than so many.
MACHINES = 150
VISITS = 200
# A fault is told by no more words than these.
MOST_WORDS = 3
KINDS = {
    VisitKind.FAULT: "fault visits",
    VisitKind.TUNE_UP: "tune-ups",
    VisitKind.INSTALL: "installs",
    VisitKind.RETURN: "return visits",
}


@dataclass(frozen=True)
class UsualPart:
    """A part, how likely it is needed, and why in words: "used at 4 of 6 visits for “streaks”"."""

    part: Part
    chance: Fraction
    why: str


@dataclass(frozen=True)
class Past:
    """A visit of the past to a model."""

    visit: int
    kind: str
    problem: str
    parts: frozenset[Part]


def usual_parts_each(visits: Iterable[Visit], *, now: dt.datetime) -> dict[int, list[UsualPart]]:
    """Per visit (primary key) what to bring, the likeliest first: three queries for any number of visits."""
    visits = list(visits)
    machines = defaultdict(dict)
    for link in _MACHINES.rows(visits=[visit.pk for visit in visits]):
        machines[link.visit_id][link.equipment.model] = link.equipment.name
    past = _past_of({model for models in machines.values() for model in models}, now)
    return {
        visit.pk: _best(
            found
            for model, name in machines[visit.pk].items()
            for found in usual_parts_of(
                visit.kind,
                telling_words(visit.problem, besides=name),
                [each for each in past[model] if each.visit != visit.pk],
            )
        )
        for visit in visits
    }


def usual_parts_of(kind: str, told: dict[str, str], past: list[Past]) -> list[UsualPart]:
    """What visits of the past to one model took; `told` are the words of the fault by their stems."""
    alike, whom = _alike(kind, told, past)
    used = Counter(part for each in past for part in each.parts)
    used_alike = Counter(part for each in alike for part in each.parts)
    found = []
    for part, times in used.items():
        chance = (used_alike[part] + Fraction(DRAWN * times, len(past))) / (len(alike) + DRAWN)
        if times < USUAL_FROM or chance < LEAST_CHANCE:
            continue
        of_these = f"{used_alike[part]} of {len(alike)} {whom}"
        of_all = f"{times} of {len(past)} visits to this model"
        found.append(UsualPart(part, chance, f"Used at {of_these if used_alike[part] else of_all}"))
    return found


def _alike(kind, told, past):
    """The visits of that kind for the same fault, and how they are called; none where none was."""
    same_kind = [each for each in past if each.kind == kind]
    if not told:
        return same_kind, KINDS[kind]
    stems_of = {each.visit: telling_words(each.problem).keys() & told for each in same_kind}
    common = Counter(stem for stems in stems_of.values() for stem in stems)
    stems = sorted(common, key=lambda stem: (-common[stem], list(told).index(stem)))[:MOST_WORDS]
    alike = [each for each in same_kind if stems_of[each.visit].intersection(stems)]
    return alike, "visits for " + " or ".join(f"“{told[stem]}”" for stem in stems)


def _best(found: Iterable[UsualPart]) -> list[UsualPart]:
    """Each part once, with what speaks most for it; the likeliest first."""
    best: dict[Part, UsualPart] = {}
    for each in found:
        if each.part not in best or each.chance > best[each.part].chance:
            best[each.part] = each
    return sorted(best.values(), key=lambda each: (-each.chance, each.part.number))[:MOST]


_MACHINES = Prepared(
    lambda visits: (
        VisitEquipment.objects.filter(Among("visit", visits))
        .exclude(equipment__model="")
        .select_related("equipment")
        .order_by("pk")
    ),
    visits=Keys(),
)
_USED = Prepared(
    lambda visits: PartUse.objects.filter(Among("visit", visits)).select_related("part"), visits=Keys()
)


def _past_of(models: set[str], now: dt.datetime) -> dict[str, list[Past]]:
    """Per model its last visits with what they took: two queries."""
    if not models:
        return {}
    named = {f"model{number}": model for number, model in enumerate(sorted(models))}
    rows = _last_visits_of(len(named), MACHINES, VISITS).rows(since=now - LOOK_BACK, **named)
    parts = defaultdict(set)
    for use in _USED.rows(visits=list({pk for _, pk, _, _ in rows})):
        parts[use.visit_id].add(use.part)
    past = {model: [] for model in models}
    for model, pk, kind, problem in rows:
        past[model].append(Past(pk, kind, problem, frozenset(parts[pk])))
    return past


@lru_cache
def _last_visits_of(count: int, machines: int, visits: int) -> Prepared:
    """The last visits to so many models, and of each to its newest machines."""

    def build(since, **models):
        first, *others = (_last_visits(model, since, machines, visits) for model in models.values())
        return first.union(*others, all=True) if others else first

    return Prepared(build, since=Instant(), **{f"model{number}": Words() for number in range(count)})


def _last_visits(model, since, newest, last):
    """Model, key, kind and problem of the last completed visits to the newest machines of a model."""
    machines = Equipment.objects.filter(model=model).order_by("-pk").values("pk")[:newest]
    # As a list, by which their links are looked up: else those of the whole desk are gone through.
    done_at = VisitEquipment.objects.filter(Among("equipment", ArraySubquery(machines)), done_at__gte=since)
    done = Visit.objects.filter(pk__in=done_at.values("visit"))
    rows = done.order_by("-completed_at", "-pk").annotate(of_model=model)
    return rows.values_list("of_model", "pk", "kind", "problem")[:last]
