from django.db import migrations, models


class Migration(migrations.Migration):
    """Which of a machine's papers its customer may see; none of those there are."""

    dependencies = [("customers", "0006_contract_links")]

    operations = [
        migrations.AddField(
            model_name="equipmentdocument",
            name="is_for_customer",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="equipmentdocumenttenantevent",
            name="is_for_customer",
            field=models.BooleanField(default=False),
        ),
    ]
