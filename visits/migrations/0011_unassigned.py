"""Each visit knows whether nobody is booked for it: a tray asks for those among tens of thousands to come."""

from django.db import migrations, models

# They look up the other table as whoever writes: an empty table of its name must not come first.
KEPT = """
CREATE OR REPLACE FUNCTION visit_is_unassigned() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.is_unassigned := NOT EXISTS (
        SELECT FROM visits_assignment a WHERE a.tenant_id = NEW.tenant_id AND a.visit_id = NEW.id
    );
    RETURN NEW;
END $$;
CREATE TRIGGER visit_is_unassigned BEFORE INSERT OR UPDATE OF is_unassigned ON visits_visit
    FOR EACH ROW EXECUTE FUNCTION visit_is_unassigned();
-- Locked first and looked at after that: who books somebody while another gives the place away waits.
CREATE OR REPLACE FUNCTION assignment_tells_visit() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM FROM visits_visit v WHERE v.tenant_id = OLD.tenant_id AND v.id = OLD.visit_id FOR NO KEY UPDATE;
        UPDATE visits_visit v SET is_unassigned = true WHERE v.tenant_id = OLD.tenant_id AND v.id = OLD.visit_id
            AND NOT EXISTS (SELECT FROM visits_assignment a WHERE a.tenant_id = v.tenant_id AND a.visit_id = v.id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM FROM visits_visit v WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id FOR NO KEY UPDATE;
        UPDATE visits_visit v SET is_unassigned = false WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id
            AND v.is_unassigned;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER assignment_tells_visit AFTER INSERT OR DELETE OR UPDATE OF visit_id ON visits_assignment
    FOR EACH ROW EXECUTE FUNCTION assignment_tells_visit();
"""
NOT_KEPT = """
DROP TRIGGER assignment_tells_visit ON visits_assignment;
DROP FUNCTION assignment_tells_visit();
DROP TRIGGER visit_is_unassigned ON visits_visit;
DROP FUNCTION visit_is_unassigned();
"""
# Nobody comes or goes between the looking and the keeping, and it is nobody's change of a visit.
AS_THEY_STAND = """
LOCK TABLE visits_assignment IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE visits_visit DISABLE TRIGGER USER;
UPDATE visits_visit v SET is_unassigned = true
WHERE NOT EXISTS (SELECT FROM visits_assignment a WHERE a.tenant_id = v.tenant_id AND a.visit_id = v.id);
ALTER TABLE visits_visit ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0010_calendar_feeds")]

    operations = [
        migrations.AddField("visit", "is_unassigned", models.BooleanField(default=False, editable=False)),
        migrations.RunSQL(AS_THEY_STAND, migrations.RunSQL.noop),
        migrations.AlterField("visit", "is_unassigned", models.BooleanField(default=True, editable=False)),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.AddIndex(
            "visit",
            models.Index(
                fields=["tenant", "planned_start"],
                condition=models.Q(is_unassigned=True, state__in=["booked", "confirmed", "on the way"]),
                name="visit_unassigned",
            ),
        ),
    ]
