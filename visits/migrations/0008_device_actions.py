import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls


class Migration(migrations.Migration):
    """What technicians' phones sent, each action once: its id is unique within the desk."""

    dependencies = [("visits", "0007_undone_cancelling"), ("tenancy", "0001_model")]
    operations = [
        migrations.CreateModel(
            name="DeviceAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("device", models.UUIDField()),
                ("order", models.PositiveBigIntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("device_at", models.DateTimeField()),
                ("clock_offset", models.DurationField()),
                ("happened_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[("accepted", "Accepted"), ("refused", "Refused"), ("left out", "Left out")],
                        max_length=8,
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=600)),
                (
                    "by",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "visit",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="device_actions",
                        to="visits.visit",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "device", "order"], name="deviceaction_in_order")],
            },
        ),
        TenantWalls(names=["DeviceAction"]),
    ]
