import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields

SIGNING = [("drawn", "Signed"), ("typed", "Typed a name"), ("cannot", "Cannot sign")]

# Until now a name was all there was. Said before the audit's table gets the columns, which its triggers
# fill only once they are installed anew.
NAMES_WERE_TYPED = """
UPDATE visits_servicereport SET recommendations_signing = 'typed' WHERE recommendations_signed_by <> ''
"""
# A reference stays within the desk.
SAME_DESK = """
ALTER TABLE visits_servicereport ADD CONSTRAINT visits_servicereport_recommendations_signature_id_same_tenant
    FOREIGN KEY (tenant_id, recommendations_signature_id) REFERENCES tenancy_storedfile (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""
ANY_DESK = """
ALTER TABLE visits_servicereport DROP CONSTRAINT visits_servicereport_recommendations_signature_id_same_tenant
"""


def signature(**references):
    return tenancy.fields.TenantForeignKey(
        blank=True,
        db_constraint=False,
        null=True,
        related_name="+",
        to="tenancy.storedfile",
        **references,
    )


class Migration(migrations.Migration):
    """The recommendations of a report are signed for by a drawing or a name of their own, or not at all."""

    dependencies = [
        ("tenancy", "0002_walls"),
        ("visits", "0009_gate_stands"),
    ]
    operations = [
        migrations.AddField(
            model_name="servicereport",
            name="recommendations_signature",
            field=signature(on_delete=django.db.models.deletion.PROTECT),
        ),
        migrations.AddField(
            model_name="servicereport",
            name="recommendations_signing",
            field=models.CharField(blank=True, choices=SIGNING, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="servicereport",
            name="recommendations_unsigned_because",
            field=models.CharField(blank=True, default="", max_length=200),
            preserve_default=False,
        ),
        migrations.RunSQL(NAMES_WERE_TYPED, migrations.RunSQL.noop),
        migrations.RunSQL(SAME_DESK, ANY_DESK),
        migrations.AddField(
            model_name="servicereporttenantevent",
            name="recommendations_signature",
            field=signature(on_delete=django.db.models.deletion.DO_NOTHING, related_query_name="+"),
        ),
        migrations.AddField(
            model_name="servicereporttenantevent",
            name="recommendations_signing",
            field=models.CharField(blank=True, choices=SIGNING, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="servicereporttenantevent",
            name="recommendations_unsigned_because",
            field=models.CharField(blank=True, default="", max_length=200),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="servicereport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("recommendations_signed_by", ""), _negated=True),
                        ("recommendations_signature__isnull", False),
                        ("recommendations_signing", "drawn"),
                        ("recommendations_unsigned_because", ""),
                    ),
                    models.Q(
                        models.Q(("recommendations_signed_by", ""), _negated=True),
                        ("recommendations_signature", None),
                        ("recommendations_signing", "typed"),
                        ("recommendations_unsigned_because", ""),
                    ),
                    models.Q(
                        models.Q(("recommendations_unsigned_because", ""), _negated=True),
                        ("recommendations_signature", None),
                        ("recommendations_signed_by", ""),
                        ("recommendations_signing", "cannot"),
                    ),
                    models.Q(
                        ("recommendations_signature", None),
                        ("recommendations_signed_by", ""),
                        ("recommendations_signing", ""),
                        ("recommendations_unsigned_because", ""),
                    ),
                    _connector="OR",
                ),
                name="report_recommendations_signed",
            ),
        ),
    ]
