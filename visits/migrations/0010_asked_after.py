import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls

NEW = ["FollowUp", "FollowUpTenantevent", "Praise", "PraiseTenantevent"]


class Migration(migrations.Migration):
    """What customers say of visits, and the praise in it."""

    dependencies = [
        ("cases", "0004_asked_after"),
        ("customers", "0004_asked_after"),
        ("tenancy", "0003_asked_after"),
        ("visits", "0009_gate_stands"),
    ]

    operations = [
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "face",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (1, "Very poor"),
                            (2, "Poor"),
                            (3, "All right"),
                            (4, "Good"),
                            (5, "Very good"),
                        ],
                        null=True,
                    ),
                ),
                ("words", models.TextField(blank=True, help_text="how it was, as the customer says it")),
                ("needs", models.TextField(blank=True, help_text="what else they need")),
                ("answered_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "case",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="cases.case",
                    ),
                ),
                (
                    "contact_noted",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.interaction",
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
                    tenancy.fields.TenantOneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_up",
                        to="visits.visit",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="FollowUpTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "face",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (1, "Very poor"),
                            (2, "Poor"),
                            (3, "All right"),
                            (4, "Good"),
                            (5, "Very good"),
                        ],
                        null=True,
                    ),
                ),
                ("words", models.TextField(blank=True, help_text="how it was, as the customer says it")),
                ("needs", models.TextField(blank=True, help_text="what else they need")),
                ("answered_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "case",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "contact_noted",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.interaction",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="history",
                        to="visits.followup",
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="visits.visit",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Praise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("name", models.CharField(max_length=120)),
                ("words", models.TextField()),
                ("said_by", models.CharField(max_length=120)),
                ("said_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="praise",
                        to="customers.customer",
                    ),
                ),
                (
                    "follow_up",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="praise",
                        to="visits.followup",
                    ),
                ),
                (
                    "noted_by",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "person",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="praise",
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
                        related_name="praise",
                        to="visits.visit",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="PraiseTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("name", models.CharField(max_length=120)),
                ("words", models.TextField()),
                ("said_by", models.CharField(max_length=120)),
                ("said_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "follow_up",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="visits.followup",
                    ),
                ),
                (
                    "noted_by",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "person",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="history",
                        to="visits.praise",
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "visit",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="visits.visit",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(fields=["tenant", "-answered_at", "-id"], name="followup_newest"),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("face__isnull", True), models.Q(("face__gte", 1), ("face__lte", 5)), _connector="OR"
                ),
                name="followup_face",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("face__isnull", False),
                    models.Q(("words", ""), _negated=True),
                    models.Q(("needs", ""), _negated=True),
                    _connector="OR",
                ),
                name="followup_says_something",
            ),
        ),
        migrations.AddIndex(
            model_name="praise",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=["tenant", "person", "said_at"],
                name="praise_unread",
            ),
        ),
        migrations.AddConstraint(
            model_name="praise",
            constraint=models.UniqueConstraint(
                condition=models.Q(("follow_up__isnull", False)),
                fields=("tenant", "follow_up", "name"),
                name="praise_once_for_each",
            ),
        ),
        migrations.AddConstraint(
            model_name="praise",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="praise_says_something"
            ),
        ),
        TenantWalls(NEW),
    ]
