"""Which tags a contact carries, given by name."""

from collections.abc import Sequence

from django.db.models.functions import Lower

from contacts.models import Contact, ContactTag, Tag
from tenants.models import Tenant


def tags_named(*, tenant: Tenant, names: Sequence[str]) -> list[Tag]:
    """The tags of these names, regardless of case; made where they do not exist yet."""
    wanted = {name.lower(): name for name in names}
    Tag.objects.bulk_create(
        [Tag(tenant=tenant, name=name) for name in wanted.values()], ignore_conflicts=True
    )
    tags = Tag.objects.for_tenant(tenant).annotate(lowered=Lower("name"))
    return list(tags.filter(lowered__in=list(wanted)))


def set_tags(*, contact: Contact, names: Sequence[str]) -> None:
    """Exactly these tags."""
    tags = tags_named(tenant=contact.tenant, names=names)
    ContactTag.objects.filter(contact=contact).exclude(tag__in=tags).delete()
    ContactTag.objects.bulk_create(
        [ContactTag(contact=contact, tag=tag) for tag in tags], ignore_conflicts=True
    )
