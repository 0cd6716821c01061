from django.db import migrations, models

# Whoever ends a membership, by whatever way: a key that acted as that colleague does not wake when the end
# is taken back.
KEYS_END = """
CREATE FUNCTION api_keys_end() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE tenancy_apikey k SET revoked_at = GREATEST(NEW.ended_at, k.made_at)
    WHERE k.tenant_id = NEW.tenant_id AND k.acts_as_id = NEW.id AND k.revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER api_keys_end AFTER UPDATE OF ended_at ON tenancy_membership
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION api_keys_end();
"""
KEYS_STAY = "DROP TRIGGER api_keys_end ON tenancy_membership; DROP FUNCTION api_keys_end();"


class Migration(migrations.Migration):
    """A key ends with the membership of the colleague whom it acts as, for good."""

    dependencies = [("tenancy", "0003_api_keys")]
    operations = [
        migrations.RemoveConstraint(model_name="apikey", name="apikey_revoked_by_somebody"),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("revoked_by__isnull", True), ("revoked_at__isnull", False), _connector="OR"
                ),
                name="apikey_revoked_has_time",
            ),
        ),
        migrations.RunSQL(KEYS_END, KEYS_STAY),
    ]
