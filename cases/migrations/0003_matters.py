"""What a case's life takes: severity, versions, waiting, on whose word it closed, what it was joined with."""

import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields

TRIED = """
CREATE OR REPLACE FUNCTION case_tried_three_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Five business days are at least three times 24 hours from the first try to the last, in any zone.
    IF (SELECT count(*) < 3 OR max(at) - min(at) < interval '72 hours'
          FROM cases_interaction WHERE case_id = NEW.id AND is_try AND at <= NEW.closed_at) THEN
        RAISE EXCEPTION 'A case closes unheard only after three documented tries over five business days.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_tried_three_times';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_tried_three_times BEFORE INSERT OR UPDATE OF closed_on, state ON cases_case
    FOR EACH ROW WHEN (NEW.closed_on = 'tries') EXECUTE FUNCTION case_tried_three_times();
"""
UNTRIED = """
DROP TRIGGER case_tried_three_times ON cases_case;
DROP FUNCTION case_tried_three_times();
"""
SAME_DESK = """
ALTER TABLE cases_case ADD CONSTRAINT cases_case_closed_by_id_same_tenant
    FOREIGN KEY (tenant_id, closed_by_id) REFERENCES tenancy_membership (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE cases_case ADD CONSTRAINT cases_case_joined_into_id_same_tenant
    FOREIGN KEY (tenant_id, joined_into_id) REFERENCES cases_case (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
ANY_DESK = """
ALTER TABLE cases_case DROP CONSTRAINT cases_case_closed_by_id_same_tenant;
ALTER TABLE cases_case DROP CONSTRAINT cases_case_joined_into_id_same_tenant;
"""


class Migration(migrations.Migration):
    """Columns first, then what must never be false."""

    dependencies = [
        ("cases", "0002_walls"),
        ("customers", "0003_anywhere"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="closed_by",
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
            model_name="case",
            name="closed_on",
            field=models.CharField(
                blank=True,
                choices=[
                    ("ours", "Closed by us"),
                    ("word", "The customer said so"),
                    ("tries", "The customer could not be reached"),
                ],
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="joined_into",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="joined",
                to="cases.case",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="resolution_risk_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="response_risk_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="severity",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "Can wait"), (2, "Works, but badly"), (3, "Standing still"), (4, "Safety")],
                default=2,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="tried_days",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="case",
            name="waiting_for",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="closed_by",
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
            model_name="casetenantevent",
            name="closed_on",
            field=models.CharField(
                blank=True,
                choices=[
                    ("ours", "Closed by us"),
                    ("word", "The customer said so"),
                    ("tries", "The customer could not be reached"),
                ],
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="joined_into",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="cases.case",
            ),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="resolution_risk_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="response_risk_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="severity",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "Can wait"), (2, "Works, but badly"), (3, "Standing still"), (4, "Safety")],
                default=2,
            ),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="tried_days",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="casetenantevent",
            name="waiting_for",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="interaction",
            name="is_try",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="interactiontenantevent",
            name="is_try",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="duty",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verify renewal", "Verify a renewal"),
                    ("match payment", "Match a payment"),
                    ("rebook", "Rebook a missed visit"),
                    ("call customer", "Call the customer"),
                    ("tell customer", "Tell the customer"),
                    ("call ahead", "Call ahead"),
                    ("mail recommendation", "Mail a recommendation"),
                    ("judge contract", "Look at a contract"),
                    ("mend message", "Mend a message"),
                    ("place visit", "Find a technician"),
                    ("offer visit", "Offer an unused visit"),
                    ("book service", "Book planned maintenance"),
                    ("settle money out", "Settle money that left"),
                    ("approve visit", "Approve a third appointment"),
                    ("own case", "Take a customer over"),
                    ("answer reply", "Answer a reply"),
                    ("renewal ends", "Speak about a renewal"),
                    ("give quote", "Tell the price of a recommendation"),
                    ("look again", "Look at a recommendation again"),
                    ("book return", "Book what is left to do"),
                    ("take case", "Go on with a case"),
                    ("check call", "Ask whether all is well"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="dutytenantevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verify renewal", "Verify a renewal"),
                    ("match payment", "Match a payment"),
                    ("rebook", "Rebook a missed visit"),
                    ("call customer", "Call the customer"),
                    ("tell customer", "Tell the customer"),
                    ("call ahead", "Call ahead"),
                    ("mail recommendation", "Mail a recommendation"),
                    ("judge contract", "Look at a contract"),
                    ("mend message", "Mend a message"),
                    ("place visit", "Find a technician"),
                    ("offer visit", "Offer an unused visit"),
                    ("book service", "Book planned maintenance"),
                    ("settle money out", "Settle money that left"),
                    ("approve visit", "Approve a third appointment"),
                    ("own case", "Take a customer over"),
                    ("answer reply", "Answer a reply"),
                    ("renewal ends", "Speak about a renewal"),
                    ("give quote", "Tell the price of a recommendation"),
                    ("look again", "Look at a recommendation again"),
                    ("book return", "Book what is left to do"),
                    ("take case", "Go on with a case"),
                    ("check call", "Ask whether all is well"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["tenant", "state", "-opened_at", "-id"], name="case_register"),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(fields=["tenant", "case", "-at"], name="interaction_by_case"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "waiting"), ("waiting_since__isnull", False)),
                    models.Q(models.Q(("state", "waiting"), _negated=True), ("waiting_since__isnull", True)),
                    _connector="OR",
                ),
                name="case_waits_since",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "closed"),
                    models.Q(("closed_on", ""), ("joined_into__isnull", True)),
                    _connector="OR",
                ),
                name="case_closed_on_when_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "complaint"), ("state", "closed"), _negated=True),
                    ("closed_on", "word"),
                    models.Q(("closed_on", "tries"), ("tried_days__gte", 5)),
                    ("joined_into__isnull", False),
                    models.Q(("external_number", ""), _negated=True),
                    _connector="OR",
                ),
                name="case_complaint_closes_on_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("joined_into__isnull", True),
                    models.Q(("joined_into", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="case_not_its_own_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="interaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_try", False), ("direction", "out"), _connector="OR"),
                name="interaction_try_is_ours",
            ),
        ),
        migrations.RunSQL(SAME_DESK, ANY_DESK),
        migrations.RunSQL(TRIED, UNTRIED),
    ]
