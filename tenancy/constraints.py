"""What the database refuses, told as the product's own refusal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction


@contextmanager
def told_as(refusal: Callable[[], Exception], *, constraint: str) -> Iterator[None]:
    """Write within; where `constraint` is broken nothing of it stands, and `refusal()` is raised.

    The refusal is made once the writing is taken back: it may ask the database. Whatever else the
    database refuses is raised as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint not in str(error):
            raise
        raise refusal() from error
