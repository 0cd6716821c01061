from django.db import migrations, models

# Cases of before are counted in the order in which they were opened, and found by their numbers.
COUNT = """
UPDATE cases_case SET counted = ordered.nth FROM (
    SELECT id, 1000 + row_number() OVER (PARTITION BY tenant_id ORDER BY opened_at, id) AS nth FROM cases_case
) ordered WHERE ordered.id = cases_case.id
"""
FIND = """
INSERT INTO customers_searchword (tenant_id, customer_id, kind, word, shown, subject)
SELECT c.tenant_id, c.customer_id, 'case', said.word, 'C-' || c.counted, c.public_id
FROM cases_case c CROSS JOIN LATERAL (VALUES ('c' || c.counted), (c.counted::text)) said(word)
"""
FORGET = "DELETE FROM customers_searchword WHERE kind = 'case'"


class Migration(migrations.Migration):
    """A case has a number that people can say, one of its desk."""

    dependencies = [
        ("cases", "0004_asked_after"),
        ("customers", "0005_more_is_told"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="counted",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="case",
            name="counted",
            field=models.PositiveIntegerField(editable=False),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("tenant", "counted"), name="case_counted_once"),
        ),
        migrations.RunSQL(FIND, FORGET),
    ]
