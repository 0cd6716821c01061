"""What is left and what was used stays written: neither is deleted, and what is settled stays settled."""

from django.db import migrations

WORK_STANDS = """
CREATE OR REPLACE FUNCTION workleft_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Work that is left is never deleted, and settled work stays settled.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'workleft_stands';
END $$;
CREATE TRIGGER workleft_never_deleted BEFORE DELETE ON visits_workleft FOR EACH ROW
    EXECUTE FUNCTION workleft_stands();
CREATE TRIGGER workleft_settled_for_good BEFORE UPDATE ON visits_workleft FOR EACH ROW
    WHEN (OLD.state <> 'open' AND (NEW.state, NEW.words, NEW.settled_at, NEW.settled_by_id,
                                   NEW.settled_at_visit_id, NEW.reason)
          IS DISTINCT FROM (OLD.state, OLD.words, OLD.settled_at, OLD.settled_by_id,
                            OLD.settled_at_visit_id, OLD.reason))
    EXECUTE FUNCTION workleft_stands();
"""
WORK_FALLS = """
DROP TRIGGER workleft_settled_for_good ON visits_workleft;
DROP TRIGGER workleft_never_deleted ON visits_workleft;
DROP FUNCTION workleft_stands();
"""
STOCK_STANDS = """
CREATE OR REPLACE FUNCTION stockmove_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A line of the ledger of parts is never changed and never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'stockmove_stands';
END $$;
CREATE TRIGGER stockmove_stands BEFORE UPDATE OR DELETE ON visits_stockmove FOR EACH ROW
    EXECUTE FUNCTION stockmove_stands();
"""
STOCK_FALLS = """
DROP TRIGGER stockmove_stands ON visits_stockmove;
DROP FUNCTION stockmove_stands();
"""


class Migration(migrations.Migration):
    """Triggers of the work that is left and of the ledger of parts."""

    dependencies = [("visits", "0007_undone_cancelling")]
    operations = [
        migrations.RunSQL(WORK_STANDS, WORK_FALLS),
        migrations.RunSQL(STOCK_STANDS, STOCK_FALLS),
    ]
