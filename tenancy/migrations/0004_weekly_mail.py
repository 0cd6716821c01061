from django.db import migrations, models


class Migration(migrations.Migration):
    """Whether a manager gets the figures of the week by mail."""

    dependencies = [
        ("tenancy", "0003_asked_after"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="weekly_mail",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="membershiptenantevent",
            name="weekly_mail",
            field=models.BooleanField(default=True),
        ),
    ]
