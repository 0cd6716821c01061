from django.db import migrations

from tenancy.walls import TenantWalls


class Migration(migrations.Migration):
    """The outbox behind the same walls as all else."""

    dependencies = [("messaging", "0001_model"), ("customers", "0002_walls")]
    operations = [TenantWalls()]
