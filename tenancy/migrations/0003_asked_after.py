from django.db import migrations, models


class Migration(migrations.Migration):
    """How many days after a visit its customer is asked how it was."""

    dependencies = [
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="follow_up_days",
            field=models.PositiveSmallIntegerField(blank=True, default=2, null=True),
        ),
    ]
