from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations

from tenancy.walls import DefinerFunction

# Find: digits and letters from any position, and words with a letter wrong. LIKE and similarity are
# not leakproof, so row level security would keep them from these indexes: two functions of
# app_sweep read them, within the desk that is active, and return keys only. How they are best read
# depends on what is looked for: they are planned anew each time.
INDEXES = {
    "searchword_anywhere": "customers_searchword USING gin (tenant_id, word gin_trgm_ops)",
    "contact_phone_anywhere": "customers_contact USING gin (tenant_id, phone_digits gin_trgm_ops)",
    "contact_phone2_anywhere": "customers_contact USING gin (tenant_id, phone2_digits gin_trgm_ops)",
    "equipment_serial_anywhere": "customers_equipment USING gin (tenant_id, serial_key gin_trgm_ops)",
}
ANYWHERE = """
CREATE OR REPLACE FUNCTION keys_anywhere(needle text, most integer) RETURNS TABLE (place text, id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    desk bigint := NULLIF(current_setting('app.tenant_id', true), '')::bigint;
    sought text := regexp_replace(needle, '[^0-9A-Za-z]', '', 'g');
BEGIN
    IF length(sought) < 4 THEN
        RETURN;
    END IF;
    RETURN QUERY (SELECT 'word', w.id FROM customers_searchword w
        WHERE w.tenant_id = desk AND w.word LIKE '%' || lower(sought) || '%' ORDER BY w.word, w.id LIMIT most);
    RETURN QUERY (SELECT 'serial', e.id FROM customers_equipment e
        WHERE e.tenant_id = desk AND e.serial_key LIKE '%' || upper(sought) || '%'
        ORDER BY e.serial_key, e.id LIMIT most);
    IF sought ~ '^[0-9]+$' THEN
        RETURN QUERY (SELECT 'phone', c.id FROM customers_contact c
            WHERE c.tenant_id = desk
              AND (c.phone_digits LIKE '%' || sought || '%' OR c.phone2_digits LIKE '%' || sought || '%')
            ORDER BY c.phone_digits, c.id LIMIT most);
    END IF;
END $$
"""
# Word by word, and only among those who are like all the words before: one that is like nobody's ends it.
ALIKE = """
CREATE OR REPLACE FUNCTION customers_alike(asked text[], most integer) RETURNS TABLE (id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    desk bigint := NULLIF(current_setting('app.tenant_id', true), '')::bigint;
    sought text;
    likes bigint[];
    nears real[];
BEGIN
    FOREACH sought IN ARRAY asked LOOP
        IF likes IS NULL THEN
            SELECT array_agg(customer_id), array_agg(near) INTO likes, nears FROM (
                SELECT w.customer_id, max(similarity(w.word, sought)) AS near FROM customers_searchword w
                WHERE w.tenant_id = desk AND w.word % sought AND w.kind IN ('name', 'address')
                GROUP BY w.customer_id
            ) alike;
        ELSE
            SELECT array_agg(customer_id), array_agg(near) INTO likes, nears FROM (
                SELECT w.customer_id, max(similarity(w.word, sought)) + min(known.near) AS near
                FROM unnest(likes, nears) AS known (customer_id, near)
                JOIN customers_searchword w USING (customer_id)
                WHERE w.tenant_id = desk AND w.word % sought AND w.kind IN ('name', 'address')
                GROUP BY w.customer_id
            ) alike;
        END IF;
        IF likes IS NULL THEN
            RETURN;
        END IF;
    END LOOP;
    RETURN QUERY SELECT known.customer_id FROM unnest(likes, nears) AS known (customer_id, near)
        ORDER BY known.near DESC, known.customer_id LIMIT most;
END $$
"""
READS = ["customers_searchword", "customers_contact", "customers_equipment"]


class Migration(migrations.Migration):
    """Numbers from any position and names with a typing error are found as quickly as the others."""

    dependencies = [("customers", "0002_walls"), ("tenancy", "0002_walls")]
    operations = [
        TrigramExtension(),
        BtreeGinExtension(),
        *(
            migrations.RunSQL(f"CREATE INDEX {name} ON {what}", f"DROP INDEX {name}")
            for name, what in INDEXES.items()
        ),
        DefinerFunction("keys_anywhere(text, integer)", ANYWHERE, reads=READS),
        DefinerFunction("customers_alike(text[], integer)", ALIKE, reads=["customers_searchword"]),
    ]
