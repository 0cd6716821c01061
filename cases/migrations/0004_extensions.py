"""Goodwill that is days and no money: extensions, within the catalogue as amounts are."""

from django.db import migrations, models
from django.db.models import Q

WITHIN = """
CREATE OR REPLACE FUNCTION goodwill_within_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE item cases_goodwillitem;
BEGIN
    SELECT * INTO item FROM cases_goodwillitem i WHERE i.tenant_id = NEW.tenant_id AND i.id = NEW.item_id;
    IF NEW.amount > item."limit" OR NEW.days > item.days
       OR NEW.amount IS NOT NULL AND item."limit" IS NULL OR NEW.days IS NOT NULL AND item.days IS NULL THEN
        RAISE EXCEPTION 'The catalogue gives % at most.', COALESCE(item."limit", item.days)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_within_limit';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER goodwill_within_limit ON cases_goodwill;
CREATE TRIGGER goodwill_within_limit BEFORE INSERT OR UPDATE OF amount, days, item_id ON cases_goodwill
    FOR EACH ROW EXECUTE FUNCTION goodwill_within_limit();
"""
WITHIN_AMOUNT = """
CREATE OR REPLACE FUNCTION goodwill_within_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE most numeric;
BEGIN
    SELECT i."limit" INTO most FROM cases_goodwillitem i WHERE i.tenant_id = NEW.tenant_id AND i.id = NEW.item_id;
    IF NEW.amount > most THEN
        RAISE EXCEPTION 'The catalogue gives % at most.', most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_within_limit';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER goodwill_within_limit ON cases_goodwill;
CREATE TRIGGER goodwill_within_limit BEFORE INSERT OR UPDATE OF amount, item_id ON cases_goodwill FOR EACH ROW
    EXECUTE FUNCTION goodwill_within_limit();
"""
# Its days stand like its amount.
STANDS = """
CREATE TRIGGER goodwill_days_stand BEFORE UPDATE OF days ON cases_goodwill FOR EACH ROW
    WHEN (OLD.state <> 'proposed' AND NEW.days IS DISTINCT FROM OLD.days)
    EXECUTE FUNCTION goodwill_stands();
"""
FALLS = "DROP TRIGGER goodwill_days_stand ON cases_goodwill"

TABLES = ("goodwillitem", "goodwilllimit", "goodwill")
MONEY = {"goodwillitem": "limit", "goodwilllimit": "up_to", "goodwill": "amount"}


def _money():
    return models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)


def _days():
    return models.PositiveSmallIntegerField(null=True, blank=True)


def _fields():
    """Each table, and the one that keeps its versions."""
    for table in TABLES:
        for model in (table, f"{table}tenantevent"):
            yield migrations.AlterField(model, MONEY[table], _money())
            yield migrations.AddField(model, "days", _days())


class Migration(migrations.Migration):
    """An extension has days where other goodwill has an amount, in the catalogue, its limits and the gift."""

    dependencies = [("cases", "0003_what_stands")]
    operations = [
        migrations.RemoveConstraint("goodwillitem", "goodwillitem_has_limit"),
        migrations.RemoveConstraint("goodwilllimit", "goodwilllimit_positive"),
        migrations.RemoveConstraint("goodwill", "goodwill_not_negative"),
        *_fields(),
        migrations.AddConstraint(
            "goodwillitem",
            models.CheckConstraint(
                condition=Q(kind="extension", limit__isnull=True, days__isnull=False, days__gt=0)
                | ~Q(kind="extension") & Q(limit__isnull=False, limit__gt=0, days__isnull=True),
                name="goodwillitem_money_or_days",
            ),
        ),
        migrations.AddConstraint(
            "goodwilllimit",
            models.CheckConstraint(
                condition=Q(up_to__isnull=False, up_to__gt=0, days__isnull=True)
                | Q(up_to__isnull=True, days__isnull=False, days__gt=0),
                name="goodwilllimit_money_or_days",
            ),
        ),
        migrations.AddConstraint(
            "goodwill",
            models.CheckConstraint(
                condition=Q(amount__isnull=False, amount__gte=0, days__isnull=True)
                | Q(amount__isnull=True, days__isnull=False, days__gt=0, place_kind="contract"),
                name="goodwill_amount_or_days_on_a_contract",
            ),
        ),
        migrations.RunSQL(WITHIN, WITHIN_AMOUNT),
        migrations.RunSQL(STANDS, FALLS),
    ]
