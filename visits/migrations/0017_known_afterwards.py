"""A visit that was done before it is entered tells what was written of it before: foreign keys are held against
it at the end of a transaction only.
"""

from django.db import migrations

TOLD = """
CREATE TRIGGER visit_tells_what_came_before_it AFTER INSERT ON visits_visit FOR EACH ROW
    WHEN (NEW.state = 'done') EXECUTE FUNCTION visit_tells_what_was_done();
DROP TRIGGER visit_tells_what_was_done ON visits_visit;
CREATE TRIGGER visit_tells_what_was_done AFTER UPDATE ON visits_visit FOR EACH ROW
    WHEN ((OLD.state = 'done' OR NEW.state = 'done')
        AND (OLD.id, OLD.state, OLD.completed_at, OLD.planned_start)
            IS DISTINCT FROM (NEW.id, NEW.state, NEW.completed_at, NEW.planned_start))
    EXECUTE FUNCTION visit_tells_what_was_done();
"""
NOT_TOLD = """
DROP TRIGGER visit_tells_what_was_done ON visits_visit;
CREATE TRIGGER visit_tells_what_was_done AFTER UPDATE ON visits_visit FOR EACH ROW
    WHEN ((OLD.state = 'done' OR NEW.state = 'done')
        AND (OLD.state, OLD.completed_at, OLD.planned_start)
            IS DISTINCT FROM (NEW.state, NEW.completed_at, NEW.planned_start))
    EXECUTE FUNCTION visit_tells_what_was_done();
DROP TRIGGER visit_tells_what_came_before_it ON visits_visit;
"""


class Migration(migrations.Migration):
    dependencies = [("visits", "0016_done_lately")]

    operations = [migrations.RunSQL(TOLD, NOT_TOLD)]
