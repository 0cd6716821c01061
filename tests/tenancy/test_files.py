import base64
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tenancy.files import NotAPicture, store_file, store_photo, store_signature
from tenancy.models import StoredFile
from tenancy.scope import tenant


@pytest.fixture
def north(cast, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with tenant(cast.north.tenant):
        yield cast.north


def test_a_photo_is_made_small_upright_and_loses_what_came_with_it(north, now):
    photo = Image.new("RGB", (3000, 2000), "navy")
    exif = photo.getexif()
    exif[0x0112] = 6  # turned a quarter
    exif[0x010F] = "Secret phone"
    stored = store_photo(an_upload(photo, "JPEG", exif=exif), by=north.technician, now=now)
    kept = Image.open(stored.content)
    assert (kept.format, kept.size) == ("JPEG", (1067, 1600))
    assert dict(kept.getexif()) == {}
    assert (stored.content_type, stored.kind, stored.added_by) == ("image/jpeg", "photo", north.technician)


@pytest.mark.parametrize("content", [b"", b"<script>alert(1)</script>", b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_anything_else_is_no_photo(north, now, content):
    with pytest.raises(NotAPicture):
        store_photo(SimpleUploadedFile("x.jpg", content, "image/jpeg"), by=north.technician, now=now)
    assert not StoredFile.objects.exists()


def test_a_picture_that_unpacks_to_far_too_much_is_refused(north, now):
    with pytest.raises(NotAPicture, match="too large"):
        store_photo(an_upload(Image.new("1", (9000, 9000)), "PNG"), by=north.technician, now=now)


def test_a_drawn_signature_is_kept_as_png(north, now):
    pad = Image.new("RGBA", (300, 120))
    pad.putpixel((5, 5), (0, 0, 0, 255))
    stored = store_signature(a_data_url(pad), by=north.technician, now=now)
    assert (stored.kind, stored.content_type) == ("signature", "image/png")


@pytest.mark.parametrize("data", ["", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,%%", "x" * 40])
def test_a_broken_signature_is_refused(north, now, data):
    with pytest.raises(NotAPicture):
        store_signature(data, by=north.technician, now=now)


def test_an_empty_pad_is_no_signature(north, now):
    with pytest.raises(NotAPicture, match="empty"):
        store_signature(a_data_url(Image.new("RGBA", (300, 120))), by=north.technician, now=now)


def test_staff_of_the_desk_see_the_picture_and_the_browser_guesses_nothing(cast, north, now, client):
    stored = store_photo(an_upload(Image.new("RGB", (10, 10)), "PNG"), by=north.technician, now=now)
    client.force_login(north.dispatcher.user)
    answer = client.get(north.url(f"files/{stored.public_id}/"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Content-Disposition"].startswith("inline")


def test_a_file_that_is_no_picture_is_only_handed_out_for_saving(north, now, client):
    stored = store_file(
        content=b"<script>", kind="document", name="x.html", content_type="text/html", by=None, now=now
    )
    client.force_login(north.dispatcher.user)
    answer = client.get(north.url(f"files/{stored.public_id}/"))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_strangers_file_is_a_404(cast, north, now, client):
    stored = store_photo(an_upload(Image.new("RGB", (10, 10)), "PNG"), by=None, now=now)
    client.force_login(cast.south.dispatcher.user)
    assert client.get(cast.south.url(f"files/{stored.public_id}/")).status_code == 404
    assert client.get(cast.north.url(f"files/{stored.public_id}/")).status_code == 404


def an_upload(picture, as_format, **options):
    out = io.BytesIO()
    picture.save(out, as_format, **options)
    return SimpleUploadedFile("photo", out.getvalue())


def a_data_url(picture):
    out = io.BytesIO()
    picture.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
