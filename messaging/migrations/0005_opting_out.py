from django.db import migrations

# Whoever is entered with a number or address that was stopped, or gets it later, is stopped from the
# first: by a form, an import or a merging. No path may forget it, so the database minds it. Whoever gets
# another number stays stopped: it was their word, and only they take it back.
KEEP_OPT_OUTS = """
CREATE FUNCTION contact_keeps_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stopped timestamptz;
BEGIN
    SELECT min(o.stopped_at) INTO stopped FROM messaging_optout o
    WHERE o.tenant_id = NEW.tenant_id AND o.channel = 'sms'
        AND o.key IN (NEW.phone_digits, NEW.phone2_digits);
    IF stopped IS NOT NULL THEN
        NEW.sms_stopped_at := stopped;
    END IF;
    SELECT min(o.stopped_at) INTO stopped FROM messaging_optout o
    WHERE o.tenant_id = NEW.tenant_id AND o.channel = 'mail' AND o.key = NEW.mail_key;
    IF stopped IS NOT NULL THEN
        NEW.mail_stopped_at := stopped;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER contact_keeps_opt_outs BEFORE INSERT OR UPDATE ON customers_contact
    FOR EACH ROW EXECUTE FUNCTION contact_keeps_opt_outs();
"""
FORGET_THEM = """
DROP TRIGGER contact_keeps_opt_outs ON customers_contact;
DROP FUNCTION contact_keeps_opt_outs();
"""


class Migration(migrations.Migration):
    """A stop holds for the number or address, whoever has it."""

    dependencies = [("messaging", "0004_reports"), ("customers", "0002_walls")]
    operations = [migrations.RunSQL(KEEP_OPT_OUTS, FORGET_THEM)]
