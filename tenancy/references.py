"""What points at rows of a model, of whatever app: followed by those who make two rows one."""

from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter

from django.db import models

from tenancy.walls import is_event


def fields_pointing_at(
    target: type[models.Model], *, besides: Collection[type[models.Model]] = ()
) -> Iterator[models.Field]:
    """Every foreign key to a model, hidden ones as well, but those of event tables and of `besides`.

    What others hang on comes first, as whoever acts on it takes it first: a contract before its money.
    What nothing hangs on comes last: time lines and duties, which tell of all the rest.
    """
    fields: dict[type[models.Model], list[models.Field]] = {}
    for relation in target._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ForeignObjectRel):
            continue
        field = relation.field
        if field.model not in besides and not is_event(field.model):
            fields.setdefault(field.model, []).append(field)
    hangs_on = {
        model: {one.related_model for one in model._meta.concrete_fields} & (fields.keys() - {model})
        for model in fields
    }
    held = set().union(*hangs_on.values())
    for model in sorted(TopologicalSorter(hangs_on).static_order(), key=lambda model: model not in held):
        yield from fields[model]
