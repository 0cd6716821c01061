"""Each machine of a visit knows when that was done, and each report for when it was planned: figures count
by these from an index, where they looked each of a desk's visits up.
"""

from django.db import migrations, models

# The visit is locked first and looked at after that: who adds a machine while another completes the visit
# waits. It is looked up as whoever writes: an empty table of the same name must not come first.
KEPT = """
CREATE OR REPLACE FUNCTION machine_knows_when_done() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.done_at := NULL;
    SELECT CASE WHEN v.state = 'done' THEN v.completed_at END INTO NEW.done_at FROM visits_visit v
        WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER machine_knows_when_done BEFORE INSERT OR UPDATE OF tenant_id, visit_id, done_at
    ON visits_visitequipment FOR EACH ROW EXECUTE FUNCTION machine_knows_when_done();
CREATE OR REPLACE FUNCTION report_knows_visit_start() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.visit_start := NULL;
    SELECT CASE WHEN v.state = 'done' THEN v.planned_start END INTO NEW.visit_start FROM visits_visit v
        WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER report_knows_visit_start BEFORE INSERT OR UPDATE OF tenant_id, visit_id, visit_start
    ON visits_servicereport FOR EACH ROW EXECUTE FUNCTION report_knows_visit_start();
CREATE OR REPLACE FUNCTION visit_tells_what_was_done() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE visits_visitequipment SET done_at = NULL WHERE tenant_id = NEW.tenant_id AND visit_id = NEW.id;
    UPDATE visits_servicereport SET visit_start = NULL WHERE tenant_id = NEW.tenant_id AND visit_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER visit_tells_what_was_done AFTER UPDATE ON visits_visit FOR EACH ROW
    WHEN ((OLD.state = 'done' OR NEW.state = 'done')
        AND (OLD.state, OLD.completed_at, OLD.planned_start)
            IS DISTINCT FROM (NEW.state, NEW.completed_at, NEW.planned_start))
    EXECUTE FUNCTION visit_tells_what_was_done();
"""
NOT_KEPT = """
DROP TRIGGER visit_tells_what_was_done ON visits_visit;
DROP FUNCTION visit_tells_what_was_done();
DROP TRIGGER report_knows_visit_start ON visits_servicereport;
DROP FUNCTION report_knows_visit_start();
DROP TRIGGER machine_knows_when_done ON visits_visitequipment;
DROP FUNCTION machine_knows_when_done();
"""
# No visit is done between the looking and the keeping, and it is nobody's change of a machine or a report.
AS_THEY_STAND = """
LOCK TABLE visits_visit IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE visits_visitequipment DISABLE TRIGGER USER;
UPDATE visits_visitequipment e SET done_at = v.completed_at FROM visits_visit v
WHERE v.tenant_id = e.tenant_id AND v.id = e.visit_id AND v.state = 'done';
ALTER TABLE visits_visitequipment ENABLE TRIGGER USER;
ALTER TABLE visits_servicereport DISABLE TRIGGER USER;
UPDATE visits_servicereport r SET visit_start = v.planned_start FROM visits_visit v
WHERE v.tenant_id = r.tenant_id AND v.id = r.visit_id AND v.state = 'done';
ALTER TABLE visits_servicereport ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0014_under_way")]

    operations = [
        migrations.AddField("visitequipment", "done_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("servicereport", "visit_start", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(AS_THEY_STAND, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.AddIndex(
            "visitequipment",
            models.Index(
                fields=["tenant", "equipment", "done_at"],
                include=["visit"],
                condition=models.Q(done_at__isnull=False),
                name="visitequipment_done",
            ),
        ),
        migrations.RemoveIndex("servicereport", "report_says_whether_fixed"),
        migrations.AddIndex(
            "servicereport",
            models.Index(
                fields=["tenant", "visit_start"],
                include=["id", "fixed_first_time"],
                condition=models.Q(visit_start__isnull=False, fixed_first_time__isnull=False),
                name="report_says_whether_fixed",
            ),
        ),
    ]
