"""SQL put together from templates, querysets and placeholders, for a `tenancy.prepared.Composed`."""

from string import Formatter

from django.db.models import QuerySet

# SQL with %s, and what stands there.
Part = tuple[str, list]


def filled(template: str, **pieces) -> Part:
    """A template with its pieces: querysets, SQL with its parameters, or placeholders of values."""
    found = []
    for text, name, _, _ in Formatter().parse(template):
        found.append((text, []))
        if name is None:
            continue
        piece = pieces[name]
        if isinstance(piece, QuerySet):
            found.append(piece.query.sql_with_params())
        elif isinstance(piece, tuple):
            found.append(piece)
        else:
            found.append(("%s", [piece]))
    return joined(*found)


def joined(*pieces: Part, by: str = " ") -> Part:
    """Pieces one after the other, with such a word between them."""
    return by.join(text for text, _ in pieces), [one for _, given in pieces for one in given]
