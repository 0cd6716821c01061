from django.db import migrations, models


class Migration(migrations.Migration):
    """Days given as goodwill stand at the end of a term, apart from what was agreed for it."""

    dependencies = [("contracts", "0003_allowance")]
    operations = [
        migrations.AddField("contractterm", "given_days", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField(
            "contracttermtenantevent", "given_days", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddConstraint(
            "contractterm",
            models.CheckConstraint(
                condition=models.Q(
                    starts_on__lte=models.ExpressionWrapper(
                        models.F("ends_on") - models.F("given_days"), output_field=models.DateField()
                    )
                ),
                name="term_longer_than_given",
            ),
        ),
    ]
