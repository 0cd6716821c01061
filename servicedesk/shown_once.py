"""Words that are shown once, on the page after they were made: kept in the session, encrypted, till then."""

from django.db.models import QuerySet

from messaging.secrets import closed, opened
from tenancy.models import TenantModel


def keep(request, place: str, row: TenantModel, words: str) -> None:
    """Keep the words of a row that was made just now until they are taken."""
    request.session[place] = closed({"row": str(row.public_id), "words": words})


def take(request, place: str, rows: QuerySet) -> tuple[TenantModel, str] | None:
    """The row that was made, of these, and its words: once. None where nothing is kept, or not of these."""
    kept = request.session.pop(place, None)
    made = opened(kept) if kept else {}
    row = rows.filter(public_id=made["row"]).first() if made else None
    return (row, made["words"]) if row is not None else None
