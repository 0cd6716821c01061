from django.db import migrations, models


def _length():
    return models.PositiveSmallIntegerField(blank=True, null=True)


class Migration(migrations.Migration):
    """A term that was cut to end with others keeps how long the next one is."""

    dependencies = [("contracts", "0003_allowance")]
    operations = [
        migrations.AddField("contractterm", "usual_months", _length()),
        migrations.AddField("contractterm", "usual_days", _length()),
        migrations.AddField("contracttermtenantevent", "usual_months", _length()),
        migrations.AddField("contracttermtenantevent", "usual_days", _length()),
        migrations.AddConstraint(
            model_name="contractterm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("usual_months__isnull", True), ("usual_days__isnull", True), _connector="OR"
                ),
                name="term_usual_months_or_days",
            ),
        ),
    ]
