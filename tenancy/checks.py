"""Refuses to start on a database whose walls have a hole.

Reads the catalogue, not the migrations: what counts is what the database will do.
"""

from django.core.checks import Error
from django.db import connections

# Tables without a desk. Everything else in the schema must be walled in.
WITHOUT_TENANT = frozenset(
    {
        "tenancy_tenant",
        "tenancy_user",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "django_content_type",
        "django_migrations",
        "django_session",
        "pghistory_context",
    }
)

_ROLE = """
    SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user
"""
_OPEN_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> ALL(%s)
      AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity
        OR (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
              AND p.polname = 'tenant_rows' AND p.polcmd = '*'
              AND pg_get_expr(p.polqual, c.oid) LIKE '%%app.tenant_id%%'
              AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%%app.tenant_id%%') <> 1
        OR (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive
              AND p.polname = 'tenant_wall' AND p.polcmd = '*'
              AND pg_get_expr(p.polqual, c.oid) LIKE '%%app.tenant_id%%'
              AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%%app.tenant_id%%') <> 1
        OR pg_get_userbyid(c.relowner) = 'app_web')
    ORDER BY 1
"""
_OPEN_TO_ALL = """
    SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE p.polpermissive AND (p.polroles = '{0}' OR 'app_web'::regrole = ANY(p.polroles))
      AND p.polname <> 'tenant_rows'
    ORDER BY 1
"""
_PLAIN_KEYS = """
    SELECT con.conname FROM pg_constraint con
    JOIN pg_class child ON child.oid = con.conrelid JOIN pg_class parent ON parent.oid = con.confrelid
    WHERE con.contype = 'f' AND child.relname <> ALL(%s) AND parent.relname <> ALL(%s)
      AND cardinality(con.conkey) = 1
    ORDER BY 1
"""
_UNIQUE_WITHOUT_TENANT = """
    SELECT i.indexrelid::regclass::text FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND i.indisunique AND NOT i.indisprimary AND c.relname <> ALL(%s)
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
                        AND a.attnum = ANY(i.indkey))
    ORDER BY 1
"""
_VIEWS = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'v'
      AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""


def check_walls(app_configs, databases, **kwargs):
    """Errors for a role, table, policy, key or view that would let one desk see another."""
    if not databases or "default" not in databases:
        return []
    return list(wall_faults(connections["default"]))


def wall_faults(connection):
    """Yield one Error for each hole found over this connection."""
    free = list(WITHOUT_TENANT)
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        if cursor.fetchone()[0]:
            yield Error("The database role is a superuser or bypasses row level security.", id="tenancy.E001")
        faults = (
            ("tenancy.E002", "Table {} lacks a tenant policy or forced row security.", _OPEN_TABLES, [free]),
            ("tenancy.E003", "Table {} has one more permissive policy for app_web.", _OPEN_TO_ALL, []),
            (
                "tenancy.E004",
                "Foreign key {} joins two desks' tables by id alone.",
                _PLAIN_KEYS,
                [free, free],
            ),
            ("tenancy.E005", "Unique index {} does not name the tenant.", _UNIQUE_WITHOUT_TENANT, [free]),
            ("tenancy.E006", "View {} is not security_invoker.", _VIEWS, []),
        )
        for code, text, query, parameters in faults:
            cursor.execute(query, parameters)
            for (name,) in cursor.fetchall():
                yield Error(text.format(name), id=code)
