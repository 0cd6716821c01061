import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls

# What lay somewhere before there was a ledger is its first line.
BEGIN = """
INSERT INTO visits_stockmove (tenant_id, part_id, kind, quantity, target_id, at, reason)
SELECT tenant_id, part_id, 'counted', quantity, id, now(), 'When the ledger began'
FROM visits_vanstock WHERE quantity > 0
"""
STANDS = """
CREATE OR REPLACE FUNCTION stockmove_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A line of the ledger of parts is never changed and never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'stockmove_stands';
END $$;
CREATE TRIGGER stockmove_stands BEFORE UPDATE OR DELETE ON visits_stockmove FOR EACH ROW
    EXECUTE FUNCTION stockmove_stands();
"""
FALLS = """
DROP TRIGGER stockmove_stands ON visits_stockmove;
DROP FUNCTION stockmove_stands();
"""


class Migration(migrations.Migration):
    """The ledger of parts, begun with what lies in vans and at depots."""

    dependencies = [
        ("tenancy", "0002_walls"),
        ("visits", "0009_reports_and_work_left"),
    ]

    operations = [
        migrations.CreateModel(
            name="StockMove",
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
                            ("moved", "Moved"),
                            ("received", "Received"),
                            ("used", "Used"),
                            ("counted", "Counted"),
                            ("short", "Not in the books"),
                        ],
                        max_length=8,
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="vanstock",
            name="to_count_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="vanstocktenantevent",
            name="to_count_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="vanstock",
            index=models.Index(
                condition=models.Q(("to_count_since__isnull", False)),
                fields=["tenant", "to_count_since"],
                name="vanstock_to_count",
            ),
        ),
        migrations.AddConstraint(
            model_name="vanstock",
            constraint=models.CheckConstraint(
                condition=models.Q(("technician__isnull", True), ("place", ""), _connector="OR"),
                name="vanstock_van_or_depot",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="by",
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
            model_name="stockmove",
            name="part",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moves",
                to="visits.part",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="source",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaving",
                to="visits.vanstock",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="target",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coming",
                to="visits.vanstock",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
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
            model_name="stockmove",
            name="undoes",
            field=tenancy.fields.TenantOneToOneField(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="visits.stockmove",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="visit",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stock_moves",
                to="visits.visit",
            ),
        ),
        migrations.AddIndex(
            model_name="stockmove",
            index=models.Index(fields=["tenant", "part", "-id"], name="stockmove_of_part"),
        ),
        migrations.AddConstraint(
            model_name="stockmove",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="stockmove_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="stockmove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "moved"), ("source__isnull", False), ("target__isnull", False)),
                    models.Q(("kind", "received"), ("source__isnull", True), ("target__isnull", False)),
                    models.Q(
                        ("kind", "used"),
                        ("source__isnull", False),
                        ("target__isnull", True),
                        ("visit__isnull", False),
                    ),
                    models.Q(
                        ("kind", "short"),
                        ("source__isnull", True),
                        ("target__isnull", False),
                        ("visit__isnull", False),
                    ),
                    models.Q(("kind", "counted"), ("source__isnull", True), ("target__isnull", False)),
                    models.Q(("kind", "counted"), ("source__isnull", False), ("target__isnull", True)),
                    _connector="OR",
                ),
                name="stockmove_from_and_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="stockmove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("source__isnull", True),
                    ("target__isnull", True),
                    models.Q(("source", models.F("target")), _negated=True),
                    _connector="OR",
                ),
                name="stockmove_leads_elsewhere",
            ),
        ),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
        TenantWalls(names=["StockMove"]),
        migrations.RunSQL(STANDS, FALLS),
    ]
