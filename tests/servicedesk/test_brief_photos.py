import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.servicedesk.photo_scene import add_photo

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def fuser(north):
    return Recommendation.objects.get(finding="Replace the fuser unit")


@pytest.fixture
def brief(north, visit, client):
    client.force_login(north.technician.user)
    return lambda: client.get(north.url(f"today/{visit.public_id}/"))


def test_the_brief_shows_each_photo_small_with_words_and_a_link_to_the_large_one(
    north, fuser, brief, client, now
):
    photos = [add_photo(fuser, by=north.technician, now=now) for _ in range(2)]
    page = brief().text
    for number, photo in enumerate(photos, start=1):
        large = north.url(f"today/photos/{photo.public_id}/")
        assert (
            f'<a href="{large}"><img src="{large}small/" loading="lazy" '
            f'alt="Replace the fuser unit, photo {number}"></a>'
        ) in page
    answer = client.get(large)
    assert picture(answer).size == (1600, 800)
    small = client.get(f"{large}small/")
    assert picture(small).size == (264, 264)
    assert len(small.content) < 4_000
    for one in (answer, small):
        assert one["X-Kept-For"] == str(north.technician.public_id)
        assert one["Cache-Control"] == "private, max-age=31536000, immutable"
        assert one["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_without_a_photo_there_is_no_room_for_one(brief):
    assert "pictures" not in re.sub(r"<link[^>]*>", "", brief().text)


def test_as_many_queries_for_three_photos_as_for_one(north, fuser, brief, now):
    counts = []
    for more in (1, 2):
        for _ in range(more):
            add_photo(fuser, by=north.technician, now=now)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert brief().text.count("<img") == len(fuser.photos.all())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_desks_photo_is_not_there_and_others_of_the_desk_may_not(cast, north, brief, client, now):
    with tenant(cast.south.tenant):
        theirs = Recommendation.objects.first()
        photo = add_photo(theirs, by=cast.south.technician, now=now)
    client.force_login(north.technician.user)
    for more in ("", "small/"):
        assert client.get(north.url(f"today/photos/{photo.public_id}/{more}")).status_code == 404
    client.force_login(north.sales.user)
    assert client.get(north.url(f"today/photos/{photo.public_id}/")).status_code == 403


def picture(answer):
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    return Image.open(io.BytesIO(answer.content))
