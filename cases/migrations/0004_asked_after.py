from django.db import migrations, models


class Migration(migrations.Migration):
    """A duty to see to what a customer needs besides."""

    dependencies = [
        ("cases", "0003_what_stands"),
    ]

    operations = [
        migrations.AlterField(
            model_name="duty",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verify renewal", "Verify a renewal"),
                    ("match payment", "Match a payment"),
                    ("rebook", "Rebook a missed visit"),
                    ("call customer", "Call the customer"),
                    ("tell customer", "Tell the customer"),
                    ("call ahead", "Call ahead"),
                    ("mail recommendation", "Mail a recommendation"),
                    ("judge contract", "Look at a contract"),
                    ("mend message", "Mend a message"),
                    ("place visit", "Find a technician"),
                    ("offer visit", "Offer an unused visit"),
                    ("book service", "Book planned maintenance"),
                    ("settle money out", "Settle money that left"),
                    ("approve visit", "Approve a third appointment"),
                    ("own case", "Take a customer over"),
                    ("answer reply", "Answer a reply"),
                    ("renewal ends", "Speak about a renewal"),
                    ("give quote", "Tell the price of a recommendation"),
                    ("look again", "Look at a recommendation again"),
                    ("book return", "Book what is left to do"),
                    ("take case", "Go on with a case"),
                    ("check call", "Ask whether all is well"),
                    ("see to need", "See to what else they need"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="dutytenantevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verify renewal", "Verify a renewal"),
                    ("match payment", "Match a payment"),
                    ("rebook", "Rebook a missed visit"),
                    ("call customer", "Call the customer"),
                    ("tell customer", "Tell the customer"),
                    ("call ahead", "Call ahead"),
                    ("mail recommendation", "Mail a recommendation"),
                    ("judge contract", "Look at a contract"),
                    ("mend message", "Mend a message"),
                    ("place visit", "Find a technician"),
                    ("offer visit", "Offer an unused visit"),
                    ("book service", "Book planned maintenance"),
                    ("settle money out", "Settle money that left"),
                    ("approve visit", "Approve a third appointment"),
                    ("own case", "Take a customer over"),
                    ("answer reply", "Answer a reply"),
                    ("renewal ends", "Speak about a renewal"),
                    ("give quote", "Tell the price of a recommendation"),
                    ("look again", "Look at a recommendation again"),
                    ("book return", "Book what is left to do"),
                    ("take case", "Go on with a case"),
                    ("check call", "Ask whether all is well"),
                    ("see to need", "See to what else they need"),
                ],
                max_length=20,
            ),
        ),
    ]
