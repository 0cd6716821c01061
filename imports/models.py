"""ImportedRow: what an older program's export last said of one thing."""

from django.db import models

from tenancy.models import TenantModel


class ImportedRow(TenantModel):
    """One row as it last came in. The next import compares with it, so that what people wrote here stays."""

    table = models.CharField(max_length=16)
    # The row's own number, or what stands for one, as the table's reading makes it.
    key = models.CharField(max_length=64, help_text="a digest where the number is longer")
    values = models.JSONField()
    imported_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            # Repeated imports: every row of one table, by its number.
            models.UniqueConstraint(fields=["tenant", "table", "key"], name="importedrow_once")
        ]
