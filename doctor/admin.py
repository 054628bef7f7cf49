"""The admin page of the doctor's runs."""

from django.contrib import admin

from backoffice.pages import ReadOnlyAdmin
from doctor.models import Checkup


@admin.register(Checkup)
class CheckupAdmin(ReadOnlyAdmin):
    """Runs of the doctor, newest first."""

    list_display = ("at", "breach_count", "checks", "repaired", "seconds")
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description="what was found")
    def checks(self, checkup: Checkup) -> str:
        return ", ".join(sorted({str(breach["check"]) for breach in checkup.breaches}))
