from django.db import migrations

from tenancy.walls import TenantWalls


class Migration(migrations.Migration):
    """What was imported belongs to its desk alone."""

    dependencies = [("imports", "0001_model"), ("tenancy", "0002_walls")]
    operations = [TenantWalls()]
