"""`manage.py create_tenant --name "Acme" --owner-email owner@example.com`"""

import getpass
import re
import secrets
import sys
from argparse import ArgumentParser
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils.text import slugify

from api.errors import DomainError
from tenants.models import Tenant, User
from tenants.onboarding import OnboardingResult, create_tenant

CURRENCY = re.compile("[A-Z]{3}")
COUNTRY = re.compile("([A-Z]{2})?")


class Command(BaseCommand):
    help = "Creates a tenant and its owner. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--slug", default="", help="default: derived from the name")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--currency", default="EUR", help="ISO 4217, e.g. EUR")
        parser.add_argument("--time-zone", default="UTC", help="IANA name, e.g. Europe/Vienna")
        parser.add_argument("--country", default="", help="ISO 3166-1 alpha-2, e.g. AT")
        parser.add_argument(
            "--password",
            help="default: prompted for at a terminal, else generated and printed once",
        )

    def handle(self, **options: Any) -> None:
        slug = options["slug"] or slugify(options["name"])
        email = options["owner_email"].strip().lower()
        fields = _tenant_fields(options)
        _check(email=email, slug=slug, fields=fields)
        password, generated = self._password(email, options["password"])
        try:
            onboarded = create_tenant(
                slug=slug, owner_email=email, password=password, tenant_fields=fields
            )
        except DomainError as error:
            raise CommandError(error.detail) from error
        self._report(onboarded, password if generated else "")

    def _password(self, email: str, option: str | None) -> tuple[str, bool]:
        if User.objects.filter(email=email).exists():
            return "", False
        if option is None and not sys.stdin.isatty():
            return secrets.token_urlsafe(16), True
        password = option if option is not None else getpass.getpass(f"Password for {email}: ")
        try:
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password, False

    def _report(self, onboarded: OnboardingResult, generated_password: str) -> None:
        tenant, owner = onboarded.tenant, onboarded.owner
        state = "created" if onboarded.tenant_created else "already there"
        self.stdout.write(f"Tenant {tenant.slug} ({tenant.pk}) {state}.")
        state = "created" if onboarded.owner_created else "already there, password unchanged"
        self.stdout.write(f"Owner {owner.email} {state}.")
        if generated_password:
            self.stdout.write(f"Password, shown this once: {generated_password}")


def _tenant_fields(options: dict[str, Any]) -> dict[str, str]:
    return {
        "name": options["name"],
        "currency": options["currency"].upper(),
        "time_zone": options["time_zone"],
        "default_country": options["country"].upper(),
    }


def _check(*, email: str, slug: str, fields: dict[str, str]) -> None:
    """Checks the options before the password prompt and before any write. Raises CommandError."""
    if fields["time_zone"] not in available_timezones():
        raise CommandError(f"{fields['time_zone']} is not an IANA time zone.")
    if not CURRENCY.fullmatch(fields["currency"]):
        raise CommandError(f"{fields['currency']} is not an ISO 4217 code such as EUR.")
    if not COUNTRY.fullmatch(fields["default_country"]):
        country = fields["default_country"]
        raise CommandError(f"{country} is not an ISO 3166-1 alpha-2 code such as AT.")
    try:
        validate_email(email)
        Tenant(slug=slug, **fields).clean_fields()
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
