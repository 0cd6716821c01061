from django.db import migrations, models


class Migration(migrations.Migration):
    """The machines of a model, the newest first: what their visits took says what to bring."""

    dependencies = [("customers", "0004_machine_papers"), ("tenancy", "0001_model")]
    operations = [
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(fields=["tenant", "model", "-id"], name="equipment_by_model"),
        ),
    ]
