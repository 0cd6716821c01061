"""Photos, scans and signatures: the bytes lie in the file storage, the row says whose they are."""

from django.db import models

from tenancy.fields import TenantForeignKey
from tenancy.models.base import TenantModel


def stored_path(stored: "StoredFile", filename: str) -> str:
    """A folder for each desk, and a name that tells nothing and cannot be guessed."""
    return f"{stored.tenant_id}/{stored.digest[:2]}/{stored.digest}-{stored.secret}"


class StoredFile(TenantModel):
    """One file that somebody handed in; never changed, served only to its own desk."""

    class Kind(models.TextChoices):
        PHOTO = "photo", "Photo"
        SCAN = "scan", "Scan"
        SIGNATURE = "signature", "Signature"
        DOCUMENT = "document", "Document"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="bytes")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes")
    secret = models.CharField(max_length=32)
    content = models.FileField(upload_to=stored_path, max_length=200)
    added_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        pass
