import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields

PURPOSES = [
    ("visit", "Visit"),
    ("offer", "Renewal offer"),
    ("recommendation", "Recommendation"),
    ("label", "Machine label"),
    ("follow_up", "How a visit was"),
    ("contract", "Contract"),
]
ADD_KEY = (
    'ALTER TABLE "customers_customerlink" ADD CONSTRAINT "customers_customerlink_revoked_by_id_same_tenant" '
    'FOREIGN KEY (tenant_id, "revoked_by_id") REFERENCES "tenancy_membership" (tenant_id, id) '
    "DEFERRABLE INITIALLY DEFERRED"
)
DROP_KEY = (
    'ALTER TABLE "customers_customerlink" DROP CONSTRAINT "customers_customerlink_revoked_by_id_same_tenant"'
)


class Migration(migrations.Migration):
    """A link to a contract, and by whom and why a link was ended."""

    dependencies = [("customers", "0005_more_is_told"), ("tenancy", "0002_walls")]

    operations = [
        migrations.AlterField(
            model_name="customerlink",
            name="purpose",
            field=models.CharField(choices=PURPOSES, max_length=16),
        ),
        migrations.AddField(
            model_name="customerlink",
            name="revoked_because",
            field=models.CharField(blank=True, max_length=200, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="customerlink",
            name="revoked_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.RunSQL(ADD_KEY, DROP_KEY),
        migrations.AddConstraint(
            model_name="customerlink",
            constraint=models.CheckConstraint(
                condition=models.Q(revoked_by__isnull=True, revoked_because="")
                | (
                    models.Q(revoked_by__isnull=False, revoked_at__isnull=False)
                    & ~models.Q(revoked_because="")
                ),
                name="customerlink_revoked_by_person_with_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="customerlink",
            index=models.Index(fields=["tenant", "customer", "-made_at"], name="customerlink_of_customer"),
        ),
    ]
