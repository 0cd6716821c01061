"""Files that people hand in: photos made small and harmless, kept per desk, shown to its staff only."""

import base64
import binascii
import datetime as dt
import hashlib
import io
import secrets
from collections.abc import Iterable

from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET
from PIL import Image, ImageOps, UnidentifiedImageError

from tenancy.gates import for_staff, the_one
from tenancy.models import StoredFile

LONGEST_SIDE = 1600
MOST_BYTES = 12 * 1024 * 1024
# A picture that unpacks to more is no photo of a phone; it would fill the memory.
MOST_PIXELS = 64_000_000
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP")
SIGNATURE_PREFIX = "data:image/png;base64,"
# What a small picture measures on each side: three times what a page gives it.
SMALL_SIDE = 264
# Shown in the page; everything else is handed out for saving only.
SHOWN = ("image/jpeg", "image/png")


class NotAPicture(ValueError):
    """The bytes are no picture that we take; the words say what to do."""


def store_file(
    *, content: bytes, kind: str, name: str, content_type: str, by, now: dt.datetime
) -> StoredFile:
    """Keep bytes for the active desk; `kind` is a StoredFile.Kind, `by` who handed them in."""
    stored = StoredFile(
        kind=kind,
        name=name[:200],
        content_type=content_type,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        secret=secrets.token_hex(16),
        added_by=by,
        added_at=now,
    )
    stored.content.save(name, ContentFile(content), save=False)
    stored.save()
    return stored


def store_photo(upload, *, by, now: dt.datetime) -> StoredFile:
    """Keep an uploaded photo: turned upright, 1600 px at most, without place, device or other data.

    Raises NotAPicture for anything else, however it is called.
    """
    if upload.size > MOST_BYTES:
        raise NotAPicture("This photo is larger than 12 MB. Choose a smaller one.")
    photo = _opened(upload.read(), PHOTO_FORMATS, "Choose a photo (JPEG or PNG).")
    photo = ImageOps.exif_transpose(photo).convert("RGB")
    photo.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A new picture from the pixels alone: nothing that came with the file goes on.
    clean = Image.new("RGB", photo.size)
    clean.paste(photo)
    return store_file(
        content=_saved(clean, "JPEG", quality=85, optimize=True),
        kind=StoredFile.Kind.PHOTO,
        name="photo.jpg",
        content_type="image/jpeg",
        by=by,
        now=now,
    )


def store_signature(data_url: str, *, by, now: dt.datetime) -> StoredFile:
    """Keep a signature drawn on a page (a PNG data URL). Raises NotAPicture, also for an empty pad."""
    words = "The signature did not come through. Draw it again, or type a name."
    if not data_url.startswith(SIGNATURE_PREFIX) or len(data_url) > MOST_BYTES:
        raise NotAPicture(words)
    try:
        content = base64.b64decode(data_url[len(SIGNATURE_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise NotAPicture(words) from None
    drawn = _opened(content, ("PNG",), words).convert("RGBA")
    if drawn.getchannel("A").getextrema()[1] == 0:
        raise NotAPicture("The pad is empty. Draw the signature, or type a name.")
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return store_file(
        content=_saved(drawn, "PNG", optimize=True),
        kind=StoredFile.Kind.SIGNATURE,
        name="signature.png",
        content_type="image/png",
        by=by,
        now=now,
    )


def small_picture(stored: StoredFile) -> bytes:
    """A square JPEG of the middle of a stored photo, for a page that shows it small."""
    with stored.content.open("rb") as content, Image.open(content, formats=PHOTO_FORMATS) as photo:
        # A JPEG is read no larger than it is needed.
        photo.draft("RGB", (2 * SMALL_SIDE, 2 * SMALL_SIDE))
        small = ImageOps.fit(photo.convert("RGB"), (SMALL_SIDE, SMALL_SIDE))
    return _saved(small, "JPEG", quality=75, optimize=True)


def discard(stored: Iterable[StoredFile]) -> None:
    """Take the bytes of files away whose rows were rolled back."""
    for one in stored:
        one.content.delete(save=False)


@require_GET
@for_staff
def open_file(request, id):
    """The bytes of one file of this desk; a browser may show a picture and must guess nothing."""
    return file_response(the_one(StoredFile.objects.all(), id))


def file_response(stored: StoredFile, *, small: bool = False) -> HttpResponse:
    """A file for the browser, which need never ask again; `small` for a photo as a page shows it."""
    shown = stored.content_type in SHOWN
    if small and shown:
        content = small_picture(stored)
    else:
        with stored.content.open("rb") as opened:
            content = opened.read()
    response = HttpResponse(
        content, content_type=stored.content_type if shown else "application/octet-stream"
    )
    disposition = "inline" if shown else "attachment"
    response["Content-Disposition"] = f'{disposition}; filename="{stored.kind}-{stored.public_id}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _opened(content: bytes, formats: tuple[str, ...], words: str) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=formats)
        if picture.width * picture.height > MOST_PIXELS:
            raise NotAPicture("This picture is too large. Choose a smaller one.")
        picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError):
        raise NotAPicture(words) from None
    return picture


def _saved(picture: Image.Image, as_format: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, as_format, **options)
    return out.getvalue()


urlpatterns = [path("files/<uuid:id>/", open_file, name="file")]
