import django.db.models.deletion
from django.db import migrations, models

import tenancy.fields

# A reference of a table that stood before stays within the desk.
SAME_DESK = """
ALTER TABLE cases_interaction ADD CONSTRAINT cases_interaction_reply_id_same_tenant
    FOREIGN KEY (tenant_id, reply_id) REFERENCES messaging_reply (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""
ANY_DESK = "ALTER TABLE cases_interaction DROP CONSTRAINT cases_interaction_reply_id_same_tenant"


class Migration(migrations.Migration):
    """A text or mail that came in is one contact with the customer, and no second one."""

    dependencies = [
        ("cases", "0004_promise_ledger"),
        ("customers", "0003_anywhere"),
        ("messaging", "0006_mail_in"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="interaction",
            name="reply",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="interactions",
                to="messaging.reply",
            ),
        ),
        migrations.AddField(
            model_name="interactiontenantevent",
            name="reply",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="messaging.reply",
            ),
        ),
        migrations.AddConstraint(
            model_name="interaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reply__isnull", False)),
                fields=("tenant", "reply"),
                name="interaction_of_reply_once",
            ),
        ),
        migrations.RunSQL(SAME_DESK, ANY_DESK),
    ]
