"""The results of the doctor's runs."""

from django.db import models


class Checkup(models.Model):
    """One run of the doctor; no breach means that every invariant held."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    seconds = models.FloatField(help_text="How long it took.")
    breach_count = models.PositiveIntegerField()
    repaired = models.PositiveIntegerField(default=0)
    breaches = models.JSONField(default=list, help_text="The first 200.")

    class Meta:
        db_table = "broadcast_checkup"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.breach_count or 'no'} breaches"
