from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

from tenancy.walls import DefinerFunction, TenantWalls

# app_web reads and writes the tables that belong to no desk; Django's own bookkeeping it reads.
GRANTS = """
GRANT USAGE ON SCHEMA public TO app_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy_tenant, tenancy_user, django_session TO app_web;
GRANT SELECT ON auth_group, auth_permission, auth_group_permissions, django_content_type TO app_web;
GRANT SELECT ON django_migrations, pghistory_context TO app_web;
"""
REVOKES = """
REVOKE ALL ON tenancy_tenant, tenancy_user, django_session, auth_group, auth_permission,
    auth_group_permissions, django_content_type, django_migrations, pghistory_context FROM app_web;
"""
DESKS_OF_USER = """
CREATE OR REPLACE FUNCTION desks_of_user(wanted bigint) RETURNS TABLE (tenant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.tenant_id FROM tenancy_membership m
    WHERE m.user_id = wanted AND m.ended_at IS NULL ORDER BY m.tenant_id
$$
"""


class Migration(migrations.Migration):
    """The walls, before any other table of a desk exists."""

    dependencies = [
        ("tenancy", "0001_model"),
        ("auth", "__latest__"),
        ("contenttypes", "__latest__"),
        ("sessions", "__latest__"),
        ("pghistory", "__latest__"),
    ]
    run_before = [("customers", "0001_model")]

    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(GRANTS, REVOKES),
        TenantWalls(),
        DefinerFunction("desks_of_user(bigint)", DESKS_OF_USER, reads=["tenancy_membership"]),
    ]
