from django.db import migrations

NEVER_DELETED = """
CREATE OR REPLACE FUNCTION reply_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What came in is never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_never_deleted';
END $$;
CREATE TRIGGER reply_never_deleted BEFORE DELETE ON messaging_reply FOR EACH ROW
    EXECUTE FUNCTION reply_never_deleted();
CREATE TRIGGER replyfile_never_deleted BEFORE DELETE ON messaging_replyfile FOR EACH ROW
    EXECUTE FUNCTION reply_never_deleted();
"""
DELETED = """
DROP TRIGGER replyfile_never_deleted ON messaging_replyfile;
DROP TRIGGER reply_never_deleted ON messaging_reply;
DROP FUNCTION reply_never_deleted();
"""


class Migration(migrations.Migration):
    """What came in stays: no reply is deleted."""

    dependencies = [("messaging", "0005_opting_out")]
    operations = [migrations.RunSQL(NEVER_DELETED, DELETED)]
