"""What the database takes of a report's second signature: a drawing or a name, or neither and no name."""

import pytest
from django.db import IntegrityError, transaction

from recommendations.models import Recommendation
from tenancy.files import store_file
from tenancy.models import StoredFile
from tests.visits.gate_scene import FIXED, answer, finish, visit
from visits.models import ServiceReport

__all__ = ["visit"]

NAMED, WHY = {"recommendations_signed_by": "Jo Reed"}, {"recommendations_unsigned_because": "Jo is out"}


@pytest.fixture
def drawing(lou, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    kind = StoredFile.Kind.SIGNATURE
    return store_file(
        content=b"drawn", kind=kind, name="signature.png", content_type="image/png", by=lou, now=now
    )


def signed(signing, drawing=None, **more):
    return {"recommendations_signing": signing, "recommendations_signature": drawing, **more}


def write(values) -> bool:
    """Whether the database takes it, past every rule of ours."""
    try:
        with transaction.atomic():
            ServiceReport.objects.update(**values)
    except IntegrityError as refused:
        assert "report_recommendations_signed" in str(refused)
        return False
    return True


def test_handed_over_is_only_what_is_drawn_or_named(north, visit, lou, now, drawing):
    finish(visit, now, lou, answer(north.recommendation), report=FIXED)
    taken = [
        signed(""),
        signed("drawn", drawing, **NAMED),
        signed("typed", **NAMED),
        signed("cannot", **WHY),
    ]
    refused = [
        signed("", **NAMED),
        signed("", drawing),
        signed("", **WHY),
        signed("drawn", **NAMED),
        signed("drawn", drawing),
        signed("drawn", drawing, **NAMED, **WHY),
        signed("typed"),
        signed("typed", drawing, **NAMED),
        signed("typed", **NAMED, **WHY),
        signed("cannot"),
        signed("cannot", **WHY, **NAMED),
        signed("cannot", drawing, **WHY),
    ]
    empty = {"recommendations_signed_by": "", "recommendations_unsigned_because": ""}
    assert [write(empty | one) for one in taken] == [True] * 4
    assert [write(empty | one) for one in refused] == [False] * 12
    assert Recommendation.objects.get().signed_by == ""
