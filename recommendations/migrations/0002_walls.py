from django.db import migrations

from tenancy.walls import TenantWalls

NEVER_DELETED = """
CREATE OR REPLACE FUNCTION recommendation_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A recommendation is never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'recommendation_never_deleted';
END $$;
CREATE TRIGGER recommendation_never_deleted BEFORE DELETE ON recommendations_recommendation
    FOR EACH ROW EXECUTE FUNCTION recommendation_never_deleted();
"""
DELETED = """
DROP TRIGGER recommendation_never_deleted ON recommendations_recommendation;
DROP FUNCTION recommendation_never_deleted();
"""


class Migration(migrations.Migration):
    """A recommendation outlives visit and technician (R5.1, R5.2)."""

    dependencies = [("recommendations", "0001_model"), ("contracts", "0002_walls")]
    operations = [TenantWalls(), migrations.RunSQL(NEVER_DELETED, DELETED)]
