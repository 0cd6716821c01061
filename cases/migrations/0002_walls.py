from django.db import migrations

from tenancy.walls import TenantWalls

SETTLED = """
CREATE OR REPLACE FUNCTION promise_settled_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A settled promise never changes: % stays %.', OLD.id, OLD.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promise_settled_for_good';
END $$;
CREATE TRIGGER promise_settled_for_good BEFORE UPDATE ON cases_promise FOR EACH ROW
    WHEN (OLD.state <> 'open' AND (NEW.state, NEW.due_at, NEW.settled_at, NEW.evidence, NEW.made_at)
          IS DISTINCT FROM (OLD.state, OLD.due_at, OLD.settled_at, OLD.evidence, OLD.made_at))
    EXECUTE FUNCTION promise_settled_for_good();
CREATE OR REPLACE FUNCTION promise_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A promise is never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promise_never_deleted';
END $$;
CREATE TRIGGER promise_never_deleted BEFORE DELETE ON cases_promise FOR EACH ROW
    EXECUTE FUNCTION promise_never_deleted();
"""
UNSETTLED = """
DROP TRIGGER promise_settled_for_good ON cases_promise;
DROP FUNCTION promise_settled_for_good();
DROP TRIGGER promise_never_deleted ON cases_promise;
DROP FUNCTION promise_never_deleted();
"""


class Migration(migrations.Migration):
    """A broken promise is broken for good: the ledger refuses to be rewritten."""

    dependencies = [("cases", "0001_model"), ("messaging", "0002_walls")]
    operations = [TenantWalls(), migrations.RunSQL(SETTLED, UNSETTLED)]
