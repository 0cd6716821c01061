"""What a term grants knows whose it is and when that runs: a desk's unused visits are counted from one index,
where each term that runs looked up what it grants.
"""

from django.db import migrations, models

# The term is locked first and looked at after that: who grants something while another takes the term back
# waits. It is looked up as whoever writes: an empty table of the same name must not come first.
KEPT = """
CREATE OR REPLACE FUNCTION grant_knows_its_term() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.of_contract := NULL;
    NEW.starts_on := NULL;
    NEW.ends_on := NULL;
    SELECT t.contract_id,
           CASE WHEN t.taken_back_at IS NULL THEN t.starts_on END,
           CASE WHEN t.taken_back_at IS NULL THEN t.ends_on END
        INTO NEW.of_contract, NEW.starts_on, NEW.ends_on FROM contracts_contractterm t
        WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.term_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER grant_knows_its_term BEFORE INSERT
    OR UPDATE OF tenant_id, term_id, of_contract, starts_on, ends_on ON contracts_entitlement
    FOR EACH ROW EXECUTE FUNCTION grant_knows_its_term();
CREATE OR REPLACE FUNCTION term_tells_its_grants() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE contracts_entitlement SET ends_on = NULL WHERE tenant_id = NEW.tenant_id AND term_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER term_tells_its_grants AFTER UPDATE ON contracts_contractterm FOR EACH ROW
    WHEN ((OLD.id, OLD.contract_id, OLD.starts_on, OLD.ends_on, OLD.taken_back_at IS NULL)
        IS DISTINCT FROM (NEW.id, NEW.contract_id, NEW.starts_on, NEW.ends_on, NEW.taken_back_at IS NULL))
    EXECUTE FUNCTION term_tells_its_grants();
CREATE TRIGGER term_tells_grants_made_before_it AFTER INSERT ON contracts_contractterm FOR EACH ROW
    EXECUTE FUNCTION term_tells_its_grants();
"""
NOT_KEPT = """
DROP TRIGGER term_tells_grants_made_before_it ON contracts_contractterm;
DROP TRIGGER term_tells_its_grants ON contracts_contractterm;
DROP FUNCTION term_tells_its_grants();
DROP TRIGGER grant_knows_its_term ON contracts_entitlement;
DROP FUNCTION grant_knows_its_term();
"""
# No term changes between the looking and the keeping, and it is nobody's change of what was granted.
AS_THEY_STAND = """
LOCK TABLE contracts_contractterm IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE contracts_entitlement DISABLE TRIGGER USER;
UPDATE contracts_entitlement e SET of_contract = t.contract_id,
    starts_on = CASE WHEN t.taken_back_at IS NULL THEN t.starts_on END,
    ends_on = CASE WHEN t.taken_back_at IS NULL THEN t.ends_on END
FROM contracts_contractterm t WHERE t.tenant_id = e.tenant_id AND t.id = e.term_id;
ALTER TABLE contracts_entitlement ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0007_running_terms")]

    operations = [
        migrations.AddField("entitlement", "of_contract", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField("entitlement", "starts_on", models.DateField(editable=False, null=True)),
        migrations.AddField("entitlement", "ends_on", models.DateField(editable=False, null=True)),
        migrations.RunSQL(AS_THEY_STAND, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.RemoveIndex("contractterm", "term_to_count"),
        migrations.AddIndex(
            "entitlement",
            models.Index(
                fields=["tenant", "ends_on", "id"],
                include=["starts_on", "of_contract", "quantity"],
                condition=models.Q(kind="visits", ends_on__isnull=False),
                name="visits_granted_by_end",
            ),
        ),
        migrations.AddIndex(
            "allowanceentry",
            models.Index(
                fields=["tenant", "entitlement"],
                include=["quantity", "kind", "subject"],
                condition=models.Q(kind__in=["booked", "done", "declined", "carried over", "forfeited"]),
                name="allowanceentry_takes",
            ),
        ),
    ]
