"""Factories of model rows for tests; every factory has sensible defaults and makes a tenant."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, RelatedFactory, Sequence, SubFactory
from factory.django import DjangoModelFactory, Password

from broadcast.models import (
    Broadcast,
    BroadcastCounters,
    BroadcastMessage,
    ProviderMessageId,
)
from channels.models import ProviderApp, Sender, TenantWAApp
from channels.platforms import Platform
from contacts.models import Contact, Suppression, SuppressionSource
from templates_wa.models import WhatsAppTemplate
from tenants.models import Membership, Role, Tenant, User

PASSWORD = "correct horse battery staple"


class TenantFactory(DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    name = Sequence(lambda n: f"Tenant {n}")
    slug = Sequence(lambda n: f"tenant-{n}")


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    # Random: the log-in throttle remembers the addresses of earlier runs.
    email = LazyFunction(lambda: f"user-{uuid4().hex[:12]}@example.com")
    password = Password(PASSWORD)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    tenant = SubFactory(TenantFactory)
    user = SubFactory(UserFactory)
    role = Role.OWNER


class ContactFactory(DjangoModelFactory[Contact]):
    class Meta:
        model = Contact

    tenant = SubFactory(TenantFactory)
    first_name = "Ana"
    external_id = LazyFunction(lambda: uuid4().hex)


class SenderFactory(DjangoModelFactory[Sender]):
    """A Telegram bot."""

    class Meta:
        model = Sender

    tenant = SubFactory(TenantFactory)
    platform = Platform.TELEGRAM
    provider = "telegram_bot"
    name = "Bot"
    address = "@bot"
    account_id = LazyFunction(lambda: str(uuid4().int % 10**9))
    credentials = LazyAttribute(
        lambda bot: {"bot_token": f"{bot.account_id}:AAbbccddeeffgghhiijjkkllmmnnooppqqr"}
    )
    currency = "EUR"


class ProviderAppFactory(DjangoModelFactory[ProviderApp]):
    """A Meta app; its webhooks are signed with `secrets["app_secret"]`."""

    class Meta:
        model = ProviderApp

    tenant = SubFactory(TenantFactory)
    provider = "meta_cloud"
    name = "App"
    secrets = {"app_secret": "a-made-up-secret", "verify_token": "a-made-up-token"}


class WhatsAppSenderFactory(DjangoModelFactory[TenantWAApp]):
    """A WhatsApp number: a sender, and the app that owns WhatsApp templates."""

    class Meta:
        model = TenantWAApp

    tenant = SubFactory(TenantFactory)
    platform = Platform.WHATSAPP
    provider = "meta_cloud"
    name = "Shop"
    address = "+15550009999"
    account_id = LazyFunction(lambda: str(uuid4().int % 10**15))
    business_account_id = LazyFunction(lambda: str(uuid4().int % 10**15))
    credentials = {"access_token": "EAA-made-up"}
    currency = "EUR"


class TemplateFactory(DjangoModelFactory[WhatsAppTemplate]):
    """A DRAFT template of its own WhatsApp app."""

    class Meta:
        model = WhatsAppTemplate

    tenant = SubFactory(TenantFactory)
    app = LazyAttribute(lambda template: WhatsAppSenderFactory.create(tenant=template.tenant))
    name = Sequence(lambda n: f"sale_{n}")
    language = "en"
    body = "Hello {{1}}, the sale has begun."
    examples = {"1": "Ana"}


class BroadcastFactory(DjangoModelFactory[Broadcast]):
    """A DRAFT with its counters."""

    class Meta:
        model = Broadcast
        skip_postgeneration_save = True

    tenant = SubFactory(TenantFactory)
    name = "News"
    platform = Platform.TELEGRAM
    text = "Hello"
    counters = RelatedFactory("tests.factories.CountersFactory", "broadcast")


class CountersFactory(DjangoModelFactory[BroadcastCounters]):
    class Meta:
        model = BroadcastCounters

    broadcast = SubFactory(BroadcastFactory, counters=None)


class BroadcastMessageFactory(DjangoModelFactory[BroadcastMessage]):
    class Meta:
        model = BroadcastMessage

    tenant = SubFactory(TenantFactory)
    broadcast = LazyAttribute(lambda message: BroadcastFactory.create(tenant=message.tenant))
    contact = LazyAttribute(lambda message: ContactFactory.create(tenant=message.tenant))
    seq = 1
    address = "100001"
    token = LazyFunction(lambda: uuid4().int & (1 << 60) - 1)
    created_at = LazyFunction(timezone.now)
    status_at = LazyFunction(timezone.now)

    @classmethod
    def _after_postgeneration(
        cls, instance: BroadcastMessage, create: bool, results: dict[str, Any] | None = None
    ) -> None:
        super()._after_postgeneration(instance, create, results)
        if create and instance.provider_message_id:
            name_message(instance, instance.provider_message_id)


def name_message(message: BroadcastMessage, provider_message_id: str) -> None:
    """Stores the provider's id of a message in both tables, as settling its batch does."""
    BroadcastMessage.objects.filter(pk=message.pk).update(provider_message_id=provider_message_id)
    ProviderMessageId.objects.create(
        provider_message_id=provider_message_id,
        message_id=message.pk,
        tenant_id=message.tenant_id,
        broadcast_id=message.broadcast_id,
    )


class SuppressionFactory(DjangoModelFactory[Suppression]):
    class Meta:
        model = Suppression

    tenant = SubFactory(TenantFactory)
    address = Sequence(lambda n: f"+4917012{n:05d}")
    source = SuppressionSource.USER
