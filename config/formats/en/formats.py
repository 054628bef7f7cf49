"""The format of times in Django and its admin; FORMAT_MODULE_PATH names this package."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
