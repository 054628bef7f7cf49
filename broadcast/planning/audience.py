"""Which contacts an audience means."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from api.errors import InvalidInput
from contacts.models import Tag
from tenants.models import Tenant

TAG_KEYS = ("any", "all", "none")

HAS_TAG = """
EXISTS (SELECT FROM contacts_contacttag ct
        WHERE ct.contact_id = c.id AND ct.tag_id = ANY(%s::uuid[]))
"""
HAS_ALL_TAGS = """
(SELECT count(*) FROM contacts_contacttag ct
 WHERE ct.contact_id = c.id AND ct.tag_id = ANY(%s::uuid[])) = %s
"""


def condition(*, tenant: Tenant, audience: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """SQL over contacts_contact `c` and its parameters. Raises InvalidInput for an unknown tag."""
    sql = "c.tenant_id = %s"
    params: list[Any] = [tenant.pk]
    if audience.get("all") is True:
        return sql, params
    tags = audience.get("tags") or {}
    wanted = {key: _tag_ids(tenant, tags.get(key) or [], key=key) for key in TAG_KEYS}
    if not any(wanted.values()):
        raise InvalidInput('Name at least one tag, or {"all": true}.', attr="audience.tags")
    if wanted["any"]:
        sql, params = f"{sql} AND {HAS_TAG}", [*params, wanted["any"]]
    if wanted["all"]:
        sql, params = f"{sql} AND {HAS_ALL_TAGS}", [*params, wanted["all"], len(wanted["all"])]
    if wanted["none"]:
        sql, params = f"{sql} AND NOT {HAS_TAG}", [*params, wanted["none"]]
    return sql, params


def _tag_ids(tenant: Tenant, names: Sequence[str], *, key: str) -> list[UUID]:
    found = {tag.name.lower(): tag.pk for tag in Tag.objects.for_tenant(tenant)} if names else {}
    unknown = [name for name in names if name.lower() not in found]
    if unknown:
        raise InvalidInput(f"Unknown tags: {', '.join(unknown[:20])}.", attr=f"audience.tags.{key}")
    return list({found[name.lower()] for name in names})
