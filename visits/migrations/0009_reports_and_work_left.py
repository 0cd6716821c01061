import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls

STANDS = """
CREATE OR REPLACE FUNCTION workleft_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Work that is left is never deleted, and settled work stays settled.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'workleft_stands';
END $$;
CREATE TRIGGER workleft_never_deleted BEFORE DELETE ON visits_workleft FOR EACH ROW
    EXECUTE FUNCTION workleft_stands();
CREATE TRIGGER workleft_settled_for_good BEFORE UPDATE ON visits_workleft FOR EACH ROW
    WHEN (OLD.state <> 'open' AND (NEW.state, NEW.words, NEW.settled_at, NEW.settled_by_id,
                                   NEW.settled_at_visit_id, NEW.reason)
          IS DISTINCT FROM (OLD.state, OLD.words, OLD.settled_at, OLD.settled_by_id,
                            OLD.settled_at_visit_id, OLD.reason))
    EXECUTE FUNCTION workleft_stands();
"""
OWN_DOCUMENT = """
ALTER TABLE visits_servicereport ADD CONSTRAINT visits_servicereport_document_id_same_tenant
    FOREIGN KEY (tenant_id, document_id) REFERENCES tenancy_storedfile (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""
ANY_DOCUMENT = "ALTER TABLE visits_servicereport DROP CONSTRAINT visits_servicereport_document_id_same_tenant"
FALLS = """
DROP TRIGGER workleft_settled_for_good ON visits_workleft;
DROP TRIGGER workleft_never_deleted ON visits_workleft;
DROP FUNCTION workleft_stands();
"""


class Migration(migrations.Migration):
    """The PDF of a report is kept, and what a visit leaves undone is open until it is done or given up."""

    dependencies = [
        ("tenancy", "0002_walls"),
        ("visits", "0008_device_actions"),
    ]

    operations = [
        migrations.AddField(
            model_name="servicereport",
            name="document",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="servicereporttenantevent",
            name="document",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.CreateModel(
            name="WorkLeft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("words", models.CharField(help_text="what is left to do", max_length=600)),
                ("parts", models.CharField(blank=True, help_text="parts that it needs", max_length=300)),
                ("left_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Left"),
                            ("done", "Done"),
                            ("given up", "Given up"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, help_text="why it was given up", max_length=300)),
                (
                    "left_by",
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
                    "settled_at_visit",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settled_work",
                        to="visits.visit",
                    ),
                ),
                (
                    "settled_by",
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
                        related_name="work_left",
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
            name="WorkLeftTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("words", models.CharField(help_text="what is left to do", max_length=600)),
                ("parts", models.CharField(blank=True, help_text="parts that it needs", max_length=300)),
                ("left_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Left"),
                            ("done", "Done"),
                            ("given up", "Given up"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, help_text="why it was given up", max_length=300)),
                (
                    "left_by",
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
                        to="visits.workleft",
                    ),
                ),
                (
                    "settled_at_visit",
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
                (
                    "settled_by",
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
        migrations.AddIndex(
            model_name="workleft",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["tenant", "visit"], name="workleft_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="workleft",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="workleft_says_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="workleft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at__isnull", True), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="workleft_settled_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="workleft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), _negated=True),
                    ("settled_at_visit__isnull", False),
                    _connector="OR",
                ),
                name="workleft_done_at_a_visit",
            ),
        ),
        migrations.AddConstraint(
            model_name="workleft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "given up"), _negated=True),
                    models.Q(("settled_by__isnull", False), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="workleft_given_up_by_somebody",
            ),
        ),
        TenantWalls(names=["WorkLeft", "WorkLeftTenantevent"]),
        # The table has its walls; only the new reference is added to them.
        migrations.RunSQL(OWN_DOCUMENT, ANY_DOCUMENT),
        migrations.RunSQL(STANDS, FALLS),
    ]
