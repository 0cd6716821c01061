"""Unused visits of all of a desk are counted from indexes: which terms run, ended when, and grant what."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0005_last_terms")]

    operations = [
        migrations.RemoveIndex("contractterm", "term_by_end"),
        migrations.AddIndex(
            "contractterm",
            models.Index(
                fields=["tenant", "ends_on"],
                include=["id", "contract", "starts_on", "taken_back_at"],
                name="term_by_end",
            ),
        ),
        migrations.AddIndex(
            "contract",
            models.Index(fields=["tenant", "last_term_end"], include=["id"], name="contract_by_end"),
        ),
        migrations.AddIndex(
            "entitlement",
            models.Index(
                fields=["tenant", "term"],
                include=["id", "quantity"],
                condition=models.Q(kind="visits"),
                name="entitlement_of_visits",
            ),
        ),
    ]
