"""How Django, and so the admin, writes times: FORMAT_MODULE_PATH leads here."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
