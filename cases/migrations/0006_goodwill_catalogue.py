"""Goodwill whole: who gives how much by itself, what it is counted under, where it is used."""

import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls

NEW = ["GoodwillLimit", "GoodwillLimitTenantevent"]
# Until now a role gave an entry up to its limit, or nothing of it.
LIMITS = """
INSERT INTO cases_goodwilllimit (tenant_id, item_id, role, up_to)
    SELECT i.tenant_id, i.id, r.role, i."limit" FROM cases_goodwillitem i, unnest(i.roles) AS r(role)
    WHERE i."limit" > 0 AND r.role <> 'manager'
"""
# All that was proposed so far was for visits that we missed. Said before the audit's table gets the column,
# which its triggers fill only once they are installed anew.
CAUSES = "UPDATE cases_goodwill SET cause = 'missed visit' WHERE subject IS NOT NULL"
# Nobody gives more than the catalogue says; what is decided stays decided.
STANDS = """
CREATE OR REPLACE FUNCTION goodwill_within_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE most numeric;
BEGIN
    SELECT i."limit" INTO most FROM cases_goodwillitem i WHERE i.tenant_id = NEW.tenant_id AND i.id = NEW.item_id;
    IF NEW.amount > most THEN
        RAISE EXCEPTION 'The catalogue gives % at most.', most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_within_limit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER goodwill_within_limit BEFORE INSERT OR UPDATE OF amount, item_id ON cases_goodwill FOR EACH ROW
    EXECUTE FUNCTION goodwill_within_limit();
CREATE OR REPLACE FUNCTION goodwill_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was decided of goodwill stands.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_stands';
END $$;
CREATE TRIGGER goodwill_stands
    BEFORE UPDATE OF state, amount, item_id, decided_at, decided_by_id, decision_reason, place_kind, place
    ON cases_goodwill FOR EACH ROW
    WHEN (OLD.state <> 'proposed'
          AND (NEW.state, NEW.amount, NEW.item_id, NEW.decided_at, NEW.decided_by_id, NEW.decision_reason,
               NEW.place_kind, NEW.place)
              IS DISTINCT FROM (OLD.state, OLD.amount, OLD.item_id, OLD.decided_at, OLD.decided_by_id,
                                OLD.decision_reason, OLD.place_kind, OLD.place))
    EXECUTE FUNCTION goodwill_stands();
"""
FALLS = """
DROP TRIGGER goodwill_stands ON cases_goodwill;
DROP FUNCTION goodwill_stands();
DROP TRIGGER goodwill_within_limit ON cases_goodwill;
DROP FUNCTION goodwill_within_limit();
"""


class Migration(migrations.Migration):
    """The limits by role come from the roles that the catalogue had."""

    dependencies = [
        ("cases", "0005_mail_in"),
        ("customers", "0003_anywhere"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="GoodwillLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("dispatcher", "Dispatcher"),
                            ("technician", "Technician"),
                            ("sales", "Sales rep"),
                            ("accounts", "Accounts"),
                            ("manager", "Manager"),
                        ],
                        max_length=12,
                    ),
                ),
                ("up_to", models.DecimalField(decimal_places=2, max_digits=10)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="GoodwillLimitTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("dispatcher", "Dispatcher"),
                            ("technician", "Technician"),
                            ("sales", "Sales rep"),
                            ("accounts", "Accounts"),
                            ("manager", "Manager"),
                        ],
                        max_length=12,
                    ),
                ),
                ("up_to", models.DecimalField(decimal_places=2, max_digits=10)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="goodwilllimit",
            name="item",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="limits",
                to="cases.goodwillitem",
            ),
        ),
        migrations.AddField(
            model_name="goodwilllimit",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwilllimit",
            constraint=models.UniqueConstraint(fields=("tenant", "item", "role"), name="goodwilllimit_once"),
        ),
        migrations.AddConstraint(
            model_name="goodwilllimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("up_to__gt", 0)), name="goodwilllimit_positive"
            ),
        ),
        migrations.AddField(
            model_name="goodwilllimittenantevent",
            name="item",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="cases.goodwillitem",
            ),
        ),
        migrations.AddField(
            model_name="goodwilllimittenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="cases.goodwilllimit",
            ),
        ),
        migrations.AddField(
            model_name="goodwilllimittenantevent",
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
        TenantWalls(NEW),
        migrations.RunSQL(LIMITS, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="goodwillitem",
            name="roles",
        ),
        migrations.RemoveField(
            model_name="goodwillitemtenantevent",
            name="roles",
        ),
        migrations.AddField(
            model_name="goodwill",
            name="cause",
            field=models.CharField(
                choices=[
                    ("missed visit", "We missed a visit"),
                    ("broken promise", "We broke a promise"),
                    ("poor work", "The work had to be done again"),
                    ("long wait", "They waited too long"),
                    ("loyalty", "A thank-you"),
                    ("other", "Something else"),
                ],
                default="other",
                max_length=14,
            ),
        ),
        migrations.RunSQL(CAUSES, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="goodwill",
            name="place",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="goodwill",
            name="place_kind",
            field=models.CharField(
                blank=True, choices=[("contract", "A contract"), ("visit", "A visit")], max_length=8
            ),
        ),
        migrations.AddField(
            model_name="goodwillitem",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="goodwillitemtenantevent",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="goodwilltenantevent",
            name="cause",
            field=models.CharField(
                choices=[
                    ("missed visit", "We missed a visit"),
                    ("broken promise", "We broke a promise"),
                    ("poor work", "The work had to be done again"),
                    ("long wait", "They waited too long"),
                    ("loyalty", "A thank-you"),
                    ("other", "Something else"),
                ],
                default="other",
                max_length=14,
            ),
        ),
        migrations.AddField(
            model_name="goodwilltenantevent",
            name="place",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="goodwilltenantevent",
            name="place_kind",
            field=models.CharField(
                blank=True, choices=[("contract", "A contract"), ("visit", "A visit")], max_length=8
            ),
        ),
        migrations.AlterField(
            model_name="goodwill",
            name="state",
            field=models.CharField(
                choices=[
                    ("proposed", "Waiting for a yes"),
                    ("approved", "Approved"),
                    ("declined", "Declined"),
                ],
                default="proposed",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="goodwilltenantevent",
            name="state",
            field=models.CharField(
                choices=[
                    ("proposed", "Waiting for a yes"),
                    ("approved", "Approved"),
                    ("declined", "Declined"),
                ],
                default="proposed",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="goodwill",
            index=models.Index(fields=["tenant", "state", "-proposed_at", "-id"], name="goodwill_by_state"),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "declined"), _negated=True),
                    models.Q(("decision_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="goodwill_declined_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("place", None), ("place_kind", "")),
                    models.Q(models.Q(("place_kind", ""), _negated=True), ("place__isnull", False)),
                    _connector="OR",
                ),
                name="goodwill_place_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.UniqueConstraint(
                condition=models.Q(("place_kind", "visit"), ("state", "approved")),
                fields=("tenant", "place"),
                name="goodwill_visit_free_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.UniqueConstraint(
                condition=models.Q(("subject__isnull", False)),
                fields=("tenant", "subject"),
                name="goodwill_once_for_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwillitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gt", 0)), name="goodwillitem_has_limit"
            ),
        ),
        migrations.RunSQL(STANDS, FALLS),
    ]
