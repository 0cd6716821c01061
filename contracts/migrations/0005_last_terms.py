import django.db.models as models
from django.db import migrations

# Whoever writes the row, and whatever they write there: what is kept is what the terms and the other
# contracts say. A term's writer waits here for the contract's row, and then sees what the one before wrote.
# The customer's row is held while another contract may come or go: of two who enter one at once the second
# sees the first. Looked up as whoever writes: an empty table of the same name must not come first.
KEPT = """
CREATE OR REPLACE FUNCTION contract_keeps_its_last_term() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    SELECT max(t.starts_on), max(t.ends_on) INTO NEW.last_term_start, NEW.last_term_end
        FROM contracts_contractterm t
        WHERE t.tenant_id = NEW.tenant_id AND t.contract_id = NEW.id AND t.taken_back_at IS NULL;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION contract_knows_whether_it_stands_alone() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM customers_customer c
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.customer_id FOR NO KEY UPDATE;
    NEW.stands_alone := NOT EXISTS (SELECT FROM contracts_contract o
        WHERE o.tenant_id = NEW.tenant_id AND o.customer_id = NEW.customer_id AND o.id <> NEW.id);
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION term_told_to_contract() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE contracts_contract SET last_term_end = NULL
            WHERE tenant_id = OLD.tenant_id AND id = OLD.contract_id;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.contract_id <> OLD.contract_id THEN
        UPDATE contracts_contract SET last_term_end = NULL
            WHERE tenant_id = NEW.tenant_id AND id = NEW.contract_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION contract_told_to_the_others() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE desk bigint := coalesce(NEW.tenant_id, OLD.tenant_id); this bigint; alone boolean;
BEGIN
    FOR this IN SELECT DISTINCT id FROM unnest(ARRAY[OLD.customer_id, NEW.customer_id]) AS id
        WHERE id IS NOT NULL ORDER BY id
    LOOP
        PERFORM FROM customers_customer c WHERE c.tenant_id = desk AND c.id = this FOR NO KEY UPDATE;
        SELECT count(*) < 2 INTO alone FROM (SELECT FROM contracts_contract o
            WHERE o.tenant_id = desk AND o.customer_id = this LIMIT 2) few;
        UPDATE contracts_contract SET stands_alone = alone
            WHERE tenant_id = desk AND customer_id = this AND stands_alone <> alone;
    END LOOP;
    RETURN NULL;
END $$;
"""
TRIGGERS = """
CREATE TRIGGER contract_keeps_its_last_term
    BEFORE INSERT OR UPDATE OF id, tenant_id, last_term_start, last_term_end ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contract_keeps_its_last_term();
CREATE TRIGGER contract_enters_alone BEFORE INSERT ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contract_knows_whether_it_stands_alone();
CREATE TRIGGER contract_knows_whether_it_stands_alone
    BEFORE UPDATE OF id, tenant_id, customer_id, stands_alone ON contracts_contract FOR EACH ROW
    WHEN (OLD.stands_alone <> NEW.stands_alone OR OLD.customer_id <> NEW.customer_id)
    EXECUTE FUNCTION contract_knows_whether_it_stands_alone();
CREATE TRIGGER contract_comes_or_goes AFTER INSERT OR DELETE ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contract_told_to_the_others();
CREATE TRIGGER contract_moves AFTER UPDATE OF customer_id ON contracts_contract FOR EACH ROW
    WHEN (OLD.customer_id <> NEW.customer_id) EXECUTE FUNCTION contract_told_to_the_others();
CREATE TRIGGER term_comes_or_goes AFTER INSERT OR DELETE ON contracts_contractterm
    FOR EACH ROW EXECUTE FUNCTION term_told_to_contract();
CREATE TRIGGER term_changes AFTER UPDATE OF tenant_id, contract_id, starts_on, ends_on, taken_back_at
    ON contracts_contractterm FOR EACH ROW
    WHEN (OLD.contract_id <> NEW.contract_id OR OLD.starts_on <> NEW.starts_on OR OLD.ends_on <> NEW.ends_on
        OR (OLD.taken_back_at IS NULL) <> (NEW.taken_back_at IS NULL))
    EXECUTE FUNCTION term_told_to_contract();
"""
# The columns are written by their triggers.
KNOWN = """
UPDATE contracts_contract k SET last_term_end = NULL, stands_alone = NOT EXISTS (
    SELECT FROM contracts_contract o
    WHERE o.tenant_id = k.tenant_id AND o.customer_id = k.customer_id AND o.id <> k.id)
"""
FORGOTTEN = """
DROP TRIGGER term_changes ON contracts_contractterm;
DROP TRIGGER term_comes_or_goes ON contracts_contractterm;
DROP TRIGGER contract_moves ON contracts_contract;
DROP TRIGGER contract_comes_or_goes ON contracts_contract;
DROP TRIGGER contract_knows_whether_it_stands_alone ON contracts_contract;
DROP TRIGGER contract_enters_alone ON contracts_contract;
DROP TRIGGER contract_keeps_its_last_term ON contracts_contract;
DROP FUNCTION contract_told_to_the_others();
DROP FUNCTION term_told_to_contract();
DROP FUNCTION contract_knows_whether_it_stands_alone();
DROP FUNCTION contract_keeps_its_last_term();
"""


class Migration(migrations.Migration):
    """Each contract knows its last term's days and whether its customer has another, kept by triggers."""

    dependencies = [("contracts", "0004_given_days"), ("customers", "0002_walls")]
    operations = [
        migrations.AddField(
            "contract", "last_term_start", models.DateField(blank=True, editable=False, null=True)
        ),
        migrations.AddField(
            "contract", "last_term_end", models.DateField(blank=True, editable=False, null=True)
        ),
        migrations.AddField("contract", "stands_alone", models.BooleanField(default=True, editable=False)),
        migrations.RunSQL(KEPT + TRIGGERS, FORGOTTEN),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.AddIndex(
            "contract",
            models.Index(
                fields=["tenant", "is_auto_renewing", "last_term_end"],
                include=["last_term_start", "customer", "id"],
                condition=models.Q(stands_alone=True),
                name="contract_alone_by_end",
            ),
        ),
        migrations.AddIndex(
            "contract",
            models.Index(
                fields=["tenant", "customer"],
                condition=models.Q(stands_alone=False),
                name="contract_beside_others",
            ),
        ),
        migrations.AddIndex("callskip", models.Index(fields=["tenant", "until"], name="callskip_by_until")),
    ]
