from django.db import migrations, models


class Migration(migrations.Migration):
    """Words of a complaint are no praise whatever is tapped afterwards; a praise noted twice is one."""

    dependencies = [("visits", "0010_asked_after")]

    operations = [
        migrations.AddField("followup", "words_complain", models.BooleanField(default=False)),
        migrations.AddField("followuptenantevent", "words_complain", models.BooleanField(default=False)),
        migrations.AddField("praise", "key", models.UUIDField(blank=True, null=True)),
        migrations.AddField("praisetenantevent", "key", models.UUIDField(blank=True, null=True)),
        migrations.AddConstraint(
            "praise", models.UniqueConstraint(fields=["tenant", "key"], name="praise_noted_once")
        ),
    ]
