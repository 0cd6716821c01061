from django.db import migrations, models

NUMBER = {"blank": True, "default": "", "help_text": "by which an older system knows it", "max_length": 40}


class Migration(migrations.Migration):
    """A machine has the number by which an older system knows it, as a customer has."""

    dependencies = [("customers", "0003_anywhere")]
    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name="external_number",
                field=models.CharField(**NUMBER),
            )
            for name in ("equipment", "equipmenttenantevent")
        ),
        migrations.AddConstraint(
            model_name="equipment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_number", ""), _negated=True),
                fields=("tenant", "external_number"),
                name="equipment_external_number_once",
            ),
        ),
    ]
