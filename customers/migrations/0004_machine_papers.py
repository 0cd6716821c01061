import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls


class Migration(migrations.Migration):
    """What hangs on a machine: documents, readings of its counters, bookings from its label; and why it retired."""

    dependencies = [
        ("customers", "0003_anywhere"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="EquipmentDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("title", models.CharField(max_length=120)),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("removed_because", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="EquipmentDocumentTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("title", models.CharField(max_length=120)),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("removed_because", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LabelBooking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("attempt", models.UUIDField()),
                ("visit", models.UUIDField()),
                ("booked_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="MeterReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pages", "Pages"),
                            ("colour pages", "Colour pages"),
                            ("hours", "Hours run"),
                            ("cycles", "Cycles"),
                            ("kilometres", "Kilometres"),
                            ("litres", "Litres"),
                            ("kilowatt hours", "Kilowatt hours"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", models.DecimalField(decimal_places=1, max_digits=12)),
                ("read_at", models.DateTimeField()),
                ("visit", models.UUIDField(blank=True, null=True)),
                ("starts_anew", models.BooleanField(default=False)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_because", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="MeterReadingTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pages", "Pages"),
                            ("colour pages", "Colour pages"),
                            ("hours", "Hours run"),
                            ("cycles", "Cycles"),
                            ("kilometres", "Kilometres"),
                            ("litres", "Litres"),
                            ("kilowatt hours", "Kilowatt hours"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", models.DecimalField(decimal_places=1, max_digits=12)),
                ("read_at", models.DateTimeField()),
                ("visit", models.UUIDField(blank=True, null=True)),
                ("starts_anew", models.BooleanField(default=False)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_because", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="equipment",
            name="retired_because",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="equipmenttenantevent",
            name="retired_because",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddIndex(
            model_name="customerlink",
            index=models.Index(fields=["tenant", "subject", "purpose"], name="customerlink_of_subject"),
        ),
        migrations.AddField(
            model_name="equipmentdocument",
            name="added_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocument",
            name="equipment",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="documents",
                to="customers.equipment",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocument",
            name="file",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocument",
            name="removed_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocument",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="added_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="equipment",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="customers.equipment",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="file",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="customers.equipmentdocument",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="removed_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="labelbooking",
            name="equipment",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="label_bookings",
                to="customers.equipment",
            ),
        ),
        migrations.AddField(
            model_name="labelbooking",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="meterreading",
            name="equipment",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to="customers.equipment",
            ),
        ),
        migrations.AddField(
            model_name="meterreading",
            name="read_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="meterreading",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="meterreading",
            name="withdrawn_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="meterreadingtenantevent",
            name="equipment",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="customers.equipment",
            ),
        ),
        migrations.AddField(
            model_name="meterreadingtenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="customers.meterreading",
            ),
        ),
        migrations.AddField(
            model_name="meterreadingtenantevent",
            name="read_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="meterreadingtenantevent",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="meterreadingtenantevent",
            name="withdrawn_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddIndex(
            model_name="equipmentdocument",
            index=models.Index(fields=["tenant", "equipment", "-added_at"], name="document_of_machine"),
        ),
        migrations.AddConstraint(
            model_name="equipmentdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("removed_at__isnull", True), ("removed_because", ""), ("removed_by__isnull", True)
                    ),
                    models.Q(
                        ("removed_at__isnull", False),
                        ("removed_by__isnull", False),
                        models.Q(("removed_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="document_removed_with_person_and_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="labelbooking",
            index=models.Index(fields=["tenant", "equipment", "-booked_at"], name="labelbooking_of_machine"),
        ),
        migrations.AddConstraint(
            model_name="labelbooking",
            constraint=models.UniqueConstraint(
                fields=("tenant", "equipment", "attempt"), name="labelbooking_once"
            ),
        ),
        migrations.AddIndex(
            model_name="meterreading",
            index=models.Index(fields=["tenant", "equipment", "kind", "read_at"], name="reading_of_machine"),
        ),
        migrations.AddConstraint(
            model_name="meterreading",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__gte", 0)), name="reading_is_no_debt"
            ),
        ),
        migrations.AddConstraint(
            model_name="meterreading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("withdrawn_at__isnull", True),
                        ("withdrawn_because", ""),
                        ("withdrawn_by__isnull", True),
                    ),
                    models.Q(
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                        models.Q(("withdrawn_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="reading_withdrawn_with_person_and_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="meterreading",
            constraint=models.UniqueConstraint(
                condition=models.Q(("visit__isnull", False), ("withdrawn_at__isnull", True)),
                fields=("tenant", "visit", "equipment", "kind"),
                name="reading_once_at_a_visit",
            ),
        ),
        TenantWalls(
            names=[
                "EquipmentDocument",
                "EquipmentDocumentTenantevent",
                "LabelBooking",
                "MeterReading",
                "MeterReadingTenantevent",
            ]
        ),
    ]
