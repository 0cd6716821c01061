"""Which edition of a row a program saw: an ETag over all that the API says of it."""

import hashlib
import json

from rest_framework.utils.encoders import JSONEncoder

from servicedesk.api.errors import EditionChanged, EditionMissing

ANY = "*"


def edition_of(shown: dict) -> str:
    """The ETag of a row as the API shows it whole: the same as long as none of it is different."""
    said = json.dumps(shown, sort_keys=True, cls=JSONEncoder)
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def check_edition(request, shown: dict) -> None:
    """Raise EditionMissing without `If-Match`, EditionChanged where none of its ETags is this row's."""
    sent = request.headers.get("If-Match", "").strip()
    if not sent:
        raise EditionMissing
    if sent == ANY:
        return
    # A proxy that packs the answer marks the ETag as weak.
    seen = {tag.strip().removeprefix("W/") for tag in sent.split(",")}
    if edition_of(shown) not in seen:
        raise EditionChanged
