"""Which contacts belong to an audience, as SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.errors import InvalidInput
from contacts.models import Tag
from tenants.models import Tenant

CONDITIONS = {
    "any": """EXISTS (SELECT FROM contacts_contacttag ct
        WHERE ct.contact_id = c.id AND ct.tag_id = ANY(%(any_tags)s::uuid[]))""",
    "all": """(SELECT count(*) FROM contacts_contacttag ct
        WHERE ct.contact_id = c.id AND ct.tag_id = ANY(%(all_tags)s::uuid[]))
        = %(all_tags_count)s""",
    "none": """NOT EXISTS (SELECT FROM contacts_contacttag ct
        WHERE ct.contact_id = c.id AND ct.tag_id = ANY(%(none_tags)s::uuid[]))""",
}
TAG_KEYS = tuple(CONDITIONS)


def condition(*, tenant: Tenant, audience: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """An SQL condition on contacts_contact `c`, and its parameters by name.

    Raises InvalidInput for an audience that names no tag, or an unknown one.
    """
    everybody = "c.tenant_id = %(tenant)s"
    if audience.get("all") is True:
        return everybody, {"tenant": tenant.pk}
    names = audience.get("tags") or {}
    tags = {key: _tag_ids(tenant, names.get(key) or [], key=key) for key in TAG_KEYS}
    if not any(tags.values()):
        raise InvalidInput('Name at least one tag, or {"all": true}.', attr="audience.tags")
    conditions = [everybody, *(CONDITIONS[key] for key in TAG_KEYS if tags[key])]
    params = {"tenant": tenant.pk, "all_tags_count": len(tags["all"])}
    return " AND ".join(conditions), {**params, **{f"{key}_tags": tags[key] for key in TAG_KEYS}}


def _tag_ids(tenant: Tenant, names: Sequence[str], *, key: str) -> list[UUID]:
    ids = {tag.name.lower(): tag.pk for tag in Tag.objects.for_tenant(tenant)} if names else {}
    unknown = [name for name in names if name.lower() not in ids]
    if unknown:
        raise InvalidInput(f"Unknown tags: {', '.join(unknown[:20])}.", attr=f"audience.tags.{key}")
    return list({ids[name.lower()] for name in names})
