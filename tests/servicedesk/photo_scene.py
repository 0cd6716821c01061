"""Photos of findings."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from recommendations.models import RecommendationPhoto
from tenancy.files import store_photo


def add_photo(recommendation, *, by, now, size=(1600, 800), colour=(90, 20, 20)) -> RecommendationPhoto:
    """One photo of what was found, as a phone hands it in."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    upload = SimpleUploadedFile("photo.jpg", out.getvalue(), "image/jpeg")
    return RecommendationPhoto.objects.create(
        recommendation=recommendation, photo=store_photo(upload, by=by, now=now)
    )
