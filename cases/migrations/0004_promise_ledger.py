"""Who had a promise and who has it, what a desk promises often, and when its people are away."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import cases.models.promise
import tenancy.fields
from tenancy.walls import DefinerFunction, TenantWalls

# One desk's promises are settled by its own people.
SAME_DESK = """
ALTER TABLE cases_promise ADD CONSTRAINT cases_promise_settled_by_id_same_tenant
    FOREIGN KEY (tenant_id, settled_by_id) REFERENCES tenancy_membership (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
ANY_DESK = """
ALTER TABLE cases_promise DROP CONSTRAINT cases_promise_settled_by_id_same_tenant;
"""
STANDS = """
CREATE OR REPLACE FUNCTION promisehandover_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Who had a promise and who took it is never changed and never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promisehandover_stands';
END $$;
CREATE TRIGGER promisehandover_stands BEFORE UPDATE OR DELETE ON cases_promisehandover FOR EACH ROW
    EXECUTE FUNCTION promisehandover_stands();
"""
FALLS = """
DROP TRIGGER promisehandover_stands ON cases_promisehandover;
DROP FUNCTION promisehandover_stands();
"""
# Desks with a promise that falls due within a day, or whose owner is gone: history alarms nobody.
TO_MIND = """
CREATE OR REPLACE FUNCTION desks_with_promises_to_mind(at timestamptz)
RETURNS TABLE (tenant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT p.tenant_id FROM cases_promise p JOIN tenancy_tenant t ON t.id = p.tenant_id
    LEFT JOIN tenancy_membership m ON m.id = p.owner_id AND m.tenant_id = p.tenant_id
    WHERE p.state = 'open' AND NOT p.is_imported AND t.messages_from <= at
      AND p.kind NOT IN ('window', 'confirmation', 'call ahead')
      AND p.due_at >= at AND (p.due_at <= at + interval '1 day' OR m.id IS NULL OR m.ended_at IS NOT NULL)
$$
"""
NEW = ["Leave", "PromiseHandover", "PromiseReminding", "PromiseTemplate"]
NEW += ["LeaveTenantevent", "PromiseRemindingTenantevent", "PromiseTemplateTenantevent"]


class Migration(migrations.Migration):
    """The tables first, then their walls, and what must never be false."""

    dependencies = [
        ("cases", "0003_matters"),
        ("customers", "0003_anywhere"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Leave",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=120)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="LeaveTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=120)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PromiseHandover",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="PromiseReminding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "minutes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        default=cases.models.promise.default_reminding,
                        size=None,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="PromiseRemindingTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "minutes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        default=cases.models.promise.default_reminding,
                        size=None,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PromiseTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("text", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("window", "Arrival window"),
                            ("confirmation", "Confirmation"),
                            ("call ahead", "Call ahead"),
                            ("call back", "Call back"),
                            ("answer", "Answer"),
                            ("visit", "Visit"),
                            ("money", "Money"),
                        ],
                        default="call back",
                        max_length=12,
                    ),
                ),
                ("minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("clock", models.TimeField(blank=True, null=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="PromiseTemplateTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("text", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("window", "Arrival window"),
                            ("confirmation", "Confirmation"),
                            ("call ahead", "Call ahead"),
                            ("call back", "Call back"),
                            ("answer", "Answer"),
                            ("visit", "Visit"),
                            ("money", "Money"),
                        ],
                        default="call back",
                        max_length=12,
                    ),
                ),
                ("minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("clock", models.TimeField(blank=True, null=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="promise",
            name="settled_by",
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
            model_name="promisetenantevent",
            name="settled_by",
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
            model_name="promise",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["tenant", "owner", "due_at", "id"],
                name="promise_by_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "kept"), _negated=True),
                    ("is_imported", True),
                    models.Q(("renegotiated_at__isnull", True), ("settled_at__lte", models.F("due_at"))),
                    _connector="OR",
                ),
                name="promise_kept_in_time",
            ),
        ),
        migrations.AddField(
            model_name="leave",
            name="member",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaves",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="leave",
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
            model_name="leavetenantevent",
            name="member",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="leavetenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="cases.leave",
            ),
        ),
        migrations.AddField(
            model_name="leavetenantevent",
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
            model_name="promisehandover",
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
            model_name="promisehandover",
            name="from_owner",
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
            model_name="promisehandover",
            name="promise",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handovers",
                to="cases.promise",
            ),
        ),
        migrations.AddField(
            model_name="promisehandover",
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
            model_name="promisehandover",
            name="to_owner",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="promisereminding",
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
            model_name="promiseremindingtenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="cases.promisereminding",
            ),
        ),
        migrations.AddField(
            model_name="promiseremindingtenantevent",
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
            model_name="promisetemplate",
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
            model_name="promisetemplatetenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="cases.promisetemplate",
            ),
        ),
        migrations.AddField(
            model_name="promisetemplatetenantevent",
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
        migrations.AddIndex(
            model_name="leave",
            index=models.Index(fields=["tenant", "member", "ends_at"], name="leave_by_member"),
        ),
        migrations.AddConstraint(
            model_name="leave",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="leave_starts_before_end"
            ),
        ),
        migrations.AddIndex(
            model_name="promisehandover",
            index=models.Index(fields=["tenant", "promise", "at"], name="promisehandover_by_promise"),
        ),
        migrations.AddConstraint(
            model_name="promisehandover",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="promisehandover_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="promisehandover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_owner__isnull", True),
                    models.Q(("from_owner", models.F("to_owner")), _negated=True),
                    _connector="OR",
                ),
                name="promisehandover_to_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="promisereminding",
            constraint=models.UniqueConstraint(fields=("tenant",), name="promisereminding_once"),
        ),
        migrations.AddConstraint(
            model_name="promisetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("clock__isnull", True), ("days__isnull", True), ("minutes__gt", 0)),
                    models.Q(("clock__isnull", False), ("days__isnull", False), ("minutes__isnull", True)),
                    _connector="OR",
                ),
                name="promisetemplate_one_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="promisetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="promisetemplate_has_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="promisetemplate",
            constraint=models.UniqueConstraint(
                fields=("tenant", "text", "minutes", "days", "clock"),
                name="promisetemplate_once",
                nulls_distinct=False,
            ),
        ),
        TenantWalls(NEW),
        migrations.RunSQL(SAME_DESK, ANY_DESK),
        migrations.RunSQL(STANDS, FALLS),
        DefinerFunction(
            "desks_with_promises_to_mind(timestamptz)",
            TO_MIND,
            reads=["cases_promise", "tenancy_tenant", "tenancy_membership"],
        ),
    ]
