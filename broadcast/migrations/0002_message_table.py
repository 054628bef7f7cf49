"""The message table's keys as the database has them: every unique one holds broadcast_id."""

from django.db import migrations

FORWARD = """
ALTER TABLE broadcast_broadcastmessage DROP CONSTRAINT broadcast_broadcastmessage_pkey;
ALTER TABLE broadcast_broadcastmessage ADD PRIMARY KEY (id, broadcast_id);
-- Room on each page for the new version of a row: most moves then touch no index.
ALTER TABLE broadcast_broadcastmessage SET (fillfactor = 50);
ALTER TABLE broadcast_broadcastcounters SET (fillfactor = 20);
ALTER TABLE broadcast_lane SET (fillfactor = 50);
"""

BACKWARD = """
ALTER TABLE broadcast_lane RESET (fillfactor);
ALTER TABLE broadcast_broadcastcounters RESET (fillfactor);
ALTER TABLE broadcast_broadcastmessage RESET (fillfactor);
ALTER TABLE broadcast_broadcastmessage DROP CONSTRAINT broadcast_broadcastmessage_pkey;
ALTER TABLE broadcast_broadcastmessage ADD PRIMARY KEY (id);
"""


class Migration(migrations.Migration):
    replaces = [
        ("broadcast", "0004_message_table"),
    ]

    dependencies = [("broadcast", "0001_tables")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
