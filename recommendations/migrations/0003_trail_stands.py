from django.db import migrations

# Moved to another machine, or settled and opened again, it would slip past a visit's gate.
STANDS = """
CREATE OR REPLACE FUNCTION recommendation_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.equipment_id <> OLD.equipment_id THEN
        RAISE EXCEPTION 'A recommendation stays on its machine.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recommendation_stands';
    END IF;
    IF OLD.state IN ('done', 'superseded', 'invalid') AND NEW.state <> OLD.state THEN
        RAISE EXCEPTION 'A recommendation that is % stays %.', OLD.state, OLD.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recommendation_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recommendation_stands BEFORE UPDATE OF equipment_id, state ON recommendations_recommendation
    FOR EACH ROW EXECUTE FUNCTION recommendation_stands();
CREATE OR REPLACE FUNCTION recommendation_trail_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What became of a recommendation is never rewritten.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'recommendation_trail_stands';
END $$;
CREATE TRIGGER recommendation_trail_stands BEFORE UPDATE OR DELETE ON recommendations_statechange
    FOR EACH ROW EXECUTE FUNCTION recommendation_trail_stands();
"""
MAY_CHANGE = """
DROP TRIGGER recommendation_stands ON recommendations_recommendation;
DROP FUNCTION recommendation_stands();
DROP TRIGGER recommendation_trail_stands ON recommendations_statechange;
DROP FUNCTION recommendation_trail_stands();
"""


class Migration(migrations.Migration):
    """What was said of a recommendation, and of which machine, stands (R5.1, R5.2)."""

    dependencies = [("recommendations", "0002_walls")]
    operations = [migrations.RunSQL(STANDS, MAY_CHANGE)]
