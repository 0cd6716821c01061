from django.db import migrations, models


class Migration(migrations.Migration):
    """A link for saying how a visit was."""

    dependencies = [
        ("customers", "0003_anywhere"),
    ]

    operations = [
        migrations.AlterField(
            model_name="customerlink",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("visit", "Visit"),
                    ("offer", "Renewal offer"),
                    ("recommendation", "Recommendation"),
                    ("label", "Machine label"),
                    ("follow_up", "How a visit was"),
                ],
                max_length=16,
            ),
        ),
    ]
