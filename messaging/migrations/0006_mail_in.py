import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import TenantWalls

# References of a table that stood before stay within the desk, as the new tables' do.
SAME_DESK = """
ALTER TABLE messaging_reply ADD CONSTRAINT messaging_reply_original_id_same_tenant
    FOREIGN KEY (tenant_id, original_id) REFERENCES tenancy_storedfile (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE messaging_reply ADD CONSTRAINT messaging_reply_placed_by_id_same_tenant
    FOREIGN KEY (tenant_id, placed_by_id) REFERENCES tenancy_membership (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
ANY_DESK = """
ALTER TABLE messaging_reply DROP CONSTRAINT messaging_reply_placed_by_id_same_tenant;
ALTER TABLE messaging_reply DROP CONSTRAINT messaging_reply_original_id_same_tenant;
"""
# What came in is never deleted: it is somebody's, or it is said why it is nobody's.
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
    """Mail that comes in: whole, with its files, whose it is, and the mailbox that it is read from."""

    dependencies = [
        ("customers", "0003_anywhere"),
        ("messaging", "0005_opting_out"),
        ("tenancy", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("host", models.CharField(max_length=253)),
                ("port", models.PositiveIntegerField()),
                ("security", models.CharField(max_length=8)),
                ("user", models.CharField(max_length=254)),
                ("folder", models.CharField(default="INBOX", max_length=200)),
                ("secret", models.TextField(blank=True)),
                ("changed_at", models.DateTimeField()),
                ("validity", models.PositiveBigIntegerField(blank=True, null=True)),
                ("last_uid", models.PositiveBigIntegerField(blank=True, null=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("failed_because", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="InboxTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("host", models.CharField(max_length=253)),
                ("port", models.PositiveIntegerField()),
                ("security", models.CharField(max_length=8)),
                ("user", models.CharField(max_length=254)),
                ("folder", models.CharField(default="INBOX", max_length=200)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReplyFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("size", models.PositiveBigIntegerField(help_text="bytes")),
                ("not_kept_because", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="reply",
            name="is_automatic",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="reply",
            name="mail_id",
            field=models.CharField(blank=True, db_default="", max_length=400),
        ),
        migrations.AddField(
            model_name="reply",
            name="original",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="reply",
            name="placed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="reply",
            name="placed_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="reply",
            name="rest",
            field=models.TextField(blank=True, db_default=""),
        ),
        migrations.AddField(
            model_name="reply",
            name="title",
            field=models.CharField(blank=True, db_default="", max_length=300),
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("customer__isnull", True), ("handled_at__isnull", True)),
                fields=["tenant", "-received_at", "-id"],
                name="reply_of_nobody",
            ),
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("mail_id", ""), _negated=True),
                fields=["tenant", "mail_id"],
                name="reply_by_mail_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.CheckConstraint(
                condition=models.Q(("placed_at__isnull", True), ("customer__isnull", False), _connector="OR"),
                name="reply_placed_with_customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_automatic", False), ("handled_at__isnull", False), _connector="OR"),
                name="reply_automatic_is_handled",
            ),
        ),
        migrations.AddField(
            model_name="inbox",
            name="changed_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="inbox",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="inboxtenantevent",
            name="changed_by",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.membership",
            ),
        ),
        migrations.AddField(
            model_name="inboxtenantevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="history",
                to="messaging.inbox",
            ),
        ),
        migrations.AddField(
            model_name="inboxtenantevent",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddField(
            model_name="replyfile",
            name="file",
            field=tenancy.fields.TenantForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="replyfile",
            name="reply",
            field=tenancy.fields.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="messaging.reply",
            ),
        ),
        migrations.AddField(
            model_name="replyfile",
            name="tenant",
            field=tenancy.fields.OwnTenantField(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenancy.tenant",
            ),
        ),
        migrations.AddConstraint(
            model_name="inbox",
            constraint=models.UniqueConstraint(fields=("tenant",), name="inbox_once"),
        ),
        migrations.AddConstraint(
            model_name="inbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("failed_at__isnull", True), ("failed_because", "")),
                    models.Q(("failed_at__isnull", False), models.Q(("failed_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="inbox_fails_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="inbox",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("last_uid__isnull", True), ("validity__isnull", True)),
                    models.Q(("last_uid__isnull", False), ("validity__isnull", False)),
                    _connector="OR",
                ),
                name="inbox_place_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="replyfile",
            constraint=models.UniqueConstraint(fields=("tenant", "reply", "number"), name="replyfile_once"),
        ),
        migrations.AddConstraint(
            model_name="replyfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("file__isnull", False), ("not_kept_because", "")),
                    models.Q(("file__isnull", True), models.Q(("not_kept_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="replyfile_kept_or_said_why",
            ),
        ),
        migrations.RunSQL(SAME_DESK, ANY_DESK),
        TenantWalls(names=["Inbox", "InboxTenantevent", "ReplyFile"]),
        migrations.RunSQL(NEVER_DELETED, DELETED),
    ]
