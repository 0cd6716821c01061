from django.db import migrations, models

# Lines of before find their kind by the step that they tell of.
TOLD = """
UPDATE customers_timelineentry SET kind = 'goodwill' WHERE kind = 'case' AND step = 'given';
UPDATE customers_timelineentry SET kind = 'merge' WHERE kind = 'note' AND step IN ('merged', 'parted');
UPDATE customers_timelineentry SET kind = 'mail'
WHERE kind = 'message' AND step = 'sent' AND title LIKE 'Mail: %';
"""
UNTOLD = """
UPDATE customers_timelineentry SET kind = 'case' WHERE kind = 'goodwill';
UPDATE customers_timelineentry SET kind = 'note' WHERE kind = 'merge';
UPDATE customers_timelineentry SET kind = 'message' WHERE kind = 'mail' AND step = 'sent';
"""


class Migration(migrations.Migration):
    """Goodwill and merges are kinds of lines of their own, and a case is found by its number."""

    dependencies = [
        ("customers", "0004_asked_after"),
    ]

    operations = [
        migrations.AlterField(
            model_name="timelineentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("call", "Call"),
                    ("mail", "Mail"),
                    ("message", "Message"),
                    ("visit", "Visit"),
                    ("missed", "Missed visit"),
                    ("promise", "Promise"),
                    ("payment", "Payment"),
                    ("renewal", "Renewal"),
                    ("recommendation", "Recommendation"),
                    ("case", "Case"),
                    ("goodwill", "Goodwill"),
                    ("merge", "Merge"),
                    ("note", "Note"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="searchword",
            name="kind",
            field=models.CharField(
                choices=[
                    ("name", "Name"),
                    ("address", "Address"),
                    ("contract", "Contract"),
                    ("visit", "Visit"),
                    ("case", "Case"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(TOLD, UNTOLD),
    ]
