"""Every tenant has a wallet from its first moment; opens those that are missing.

A trigger does it, because a tenant is made in several places (the command, the admin, a shell), and
all of them are below this app.
"""

from django.db import migrations

OPEN_WITH_TENANT = """
CREATE FUNCTION wallet_open_with_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallet_wallet (id, tenant_id, currency, balance, held, credit_line, is_active,
                               created_at)
    VALUES (uuidv7(), NEW.id, NEW.currency, 0, 0, 0, true, now())
    ON CONFLICT (tenant_id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER wallet_open_with_tenant AFTER INSERT ON tenants_tenant
FOR EACH ROW EXECUTE FUNCTION wallet_open_with_tenant();
"""
OPEN_MISSING = """
INSERT INTO wallet_wallet (id, tenant_id, currency, balance, held, credit_line, is_active,
                           created_at)
SELECT uuidv7(), t.id, t.currency, 0, 0, 0, true, now() FROM tenants_tenant t
ON CONFLICT (tenant_id) DO NOTHING;
"""
CLOSE = """
DROP TRIGGER wallet_open_with_tenant ON tenants_tenant;
DROP FUNCTION wallet_open_with_tenant();
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0003_sms_segments"), ("tenants", "__first__")]

    operations = [
        migrations.RunSQL(OPEN_WITH_TENANT, CLOSE),
        migrations.RunSQL(OPEN_MISSING, migrations.RunSQL.noop),
    ]
