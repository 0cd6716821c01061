"""A visit that Lou is at and finishes: what is typed on its page, drawn and photographed."""

import base64
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.cast import make_plain_visit


@pytest.fixture
def north(north, settings, tmp_path):
    """Photos and signatures go where the test ends."""
    settings.MEDIA_ROOT = tmp_path
    return north


@pytest.fixture
def visit(north, now):
    return on_site(north, now)


def on_site(desk, now):
    return make_plain_visit(
        desk, now=now, start=now.replace(hour=12, minute=0), state="on site", arrived_at=now.replace(hour=12)
    )


def url(desk, visit, more=""):
    return desk.url(f"today/{visit.public_id}/finish/{more}")


REPORT = {
    "work_done",
    "fixed",
    "not_fixed_because",
    "next_step",
    "signature",
    "signed_name",
    "unsigned_reason",
}
REPORT |= {"same_signs", "recommendations_name", "recommendations_signature", "recommendations_unsigned"}
REPORT |= {"extra_number", "extra_quantity", "add", "photo"}
REPORT |= {"new-finding", "new-severity"}


def typed(desk, **given):
    """A whole form; what is given for the desk's one recommendation is its answer."""
    public_id = str(desk.recommendation.public_id)
    sent = {"shown": [public_id], "work_done": "New fuser.", "fixed": "yes", "signed_name": "M. Ellison"}
    return sent | {
        name if name in REPORT else f"answer-{public_id}-{name}": value for name, value in given.items()
    }


def a_signature():
    pad = Image.new("RGBA", (300, 120))
    pad.putpixel((5, 5), (0, 0, 0, 255))
    out = io.BytesIO()
    pad.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def a_photo():
    out = io.BytesIO()
    Image.new("RGB", (20, 10)).save(out, "JPEG")
    return SimpleUploadedFile("photo.jpg", out.getvalue(), "image/jpeg")
