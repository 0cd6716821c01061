"""A recommendation raised on the finish page, with all that can be said of it."""

import datetime as dt
from decimal import Decimal

import pytest

from recommendations.models import Recommendation
from tests.servicedesk.finish_scene import north, typed, url, visit

__all__ = ["north", "visit"]

WHOLE = {
    "new-finding": "Feed tray spring is weak",
    "new-severity": "2",
    "new-risk": "Paper will jam every day",
    "new-estimate": "84.50",
    "new-review_by": "2026-06-01",
}


@pytest.mark.parametrize("path", ["", "add/"])
def test_risk_estimate_and_the_day_to_look_again_are_kept(north, visit, client, path):
    client.force_login(north.technician.user)
    sent = typed(north, decision="untold", **({"add": "recommendation"} if path else {})) | WHOLE
    assert client.post(url(north, visit, path), sent).status_code == (200 if path else 302)
    raised = Recommendation.objects.get(finding="Feed tray spring is weak")
    assert (raised.risk, raised.estimate, raised.review_by) == (
        "Paper will jam every day",
        Decimal("84.50"),
        dt.date(2026, 6, 1),
    )


@pytest.mark.parametrize(
    ("field", "typed_in", "says"),
    [
        ("new-estimate", "about 80", "Write the estimate in figures, like 612.00."),
        ("new-review_by", "2026-03-05", "Choose a day after today."),
        ("new-review_by", "soon", "Choose the day by which it is looked at again: a day of the calendar"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_stays(north, visit, client, field, typed_in, says):
    client.force_login(north.technician.user)
    answer = client.post(url(north, visit), typed(north, decision="untold") | WHOLE | {field: typed_in})
    page = answer.content.decode()
    assert (answer.status_code, page.count(says)) == (422, 2)
    assert f'name="{field}"' in page
    assert f'value="{typed_in}"' in page
    assert Recommendation.objects.count() == 1
