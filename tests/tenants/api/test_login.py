from datetime import timedelta
from ipaddress import IPv6Address
from time import perf_counter
from uuid import uuid4

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from tenants.models import Membership, Role, Tenant, User
from tenants.tokens import issue
from tests.factories import PASSWORD, MembershipFactory, TenantFactory, UserFactory
from tests.fixtures.api import client_of


def log_in(
    client: APIClient, email: str, password: str = PASSWORD, **more: str
) -> tuple[int, dict]:
    response = client.post("/token/", {"email": email, "password": password, **more})
    return response.status_code, response.json()


def test_a_member_logs_in_and_is_known(anonymous: APIClient) -> None:
    member: Membership = MembershipFactory.create(role=Role.MANAGER)
    status, body = log_in(anonymous, member.user.email.upper())
    assert status == 200
    assert sorted(body) == ["access", "refresh"]

    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    me = anonymous.get("/me/")

    assert me.json() == {
        "user": {"id": str(member.user_id), "email": member.user.email, "name": ""},
        "tenant": {
            "id": str(member.tenant_id),
            "name": member.tenant.name,
            "slug": member.tenant.slug,
        },
        "role": "MANAGER",
        "permissions": ["READ", "SEND", "WRITE"],
        "currency": "EUR",
        "time_zone": "UTC",
    }


def test_wrong_password_and_unknown_email_get_the_same_answer(anonymous: APIClient) -> None:
    known_email = MembershipFactory.create().user.email

    wrong = log_in(anonymous, known_email, "wrong")
    unknown = log_in(anonymous, "nobody@example.com", "wrong")

    assert wrong == unknown
    assert wrong[0] == 401
    assert wrong[1]["errors"][0]["code"] == "invalid_credentials"


def test_an_unknown_email_costs_a_hash_as_well(anonymous: APIClient, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    started = perf_counter()
    User().set_password("anything")
    one_hash = perf_counter() - started

    started = perf_counter()
    log_in(anonymous, "nobody@example.com", "wrong")

    assert perf_counter() - started > one_hash / 2


def test_an_inactive_user_gets_the_answer_of_an_unknown_one(anonymous: APIClient) -> None:
    member = MembershipFactory.create(user__is_active=False)

    assert log_in(anonymous, member.user.email)[1]["errors"][0]["code"] == "invalid_credentials"


def test_a_user_without_tenant_is_refused(anonymous: APIClient) -> None:
    status, body = log_in(anonymous, UserFactory.create(is_superuser=True).email)

    assert (status, body["errors"][0]["code"]) == (403, "no_tenant")


def test_a_member_of_an_inactive_tenant_is_refused(anonymous: APIClient) -> None:
    member = MembershipFactory.create(tenant__is_active=False)

    assert log_in(anonymous, member.user.email)[0] == 403


def test_a_user_of_two_tenants_must_choose(anonymous: APIClient) -> None:
    user = UserFactory.create()
    first = MembershipFactory.create(user=user, tenant__name="A").tenant
    second = MembershipFactory.create(user=user, tenant__name="B").tenant
    MembershipFactory.create(user=user, tenant__is_active=False)

    status, body = log_in(anonymous, user.email)

    assert status == 400
    assert body == {
        "type": "validation_error",
        "errors": [
            {
                "code": "tenant_required",
                "detail": "You have several tenants: name one.",
                "attr": "tenant",
                "data": {
                    "tenants": [
                        {"id": str(first.pk), "name": "A"},
                        {"id": str(second.pk), "name": "B"},
                    ]
                },
            }
        ],
    }


def test_the_tenant_may_be_named_by_id_or_slug(anonymous: APIClient) -> None:
    user = UserFactory.create()
    tenant: Tenant = MembershipFactory.create(user=user).tenant
    MembershipFactory.create(user=user)

    for name in (str(tenant.pk), tenant.slug):
        _, body = log_in(anonymous, user.email, tenant=name)
        assert AccessToken(body["access"])["tenant_id"] == str(tenant.pk)


def test_a_foreign_tenant_is_refused_like_an_unknown_one(anonymous: APIClient) -> None:
    member = MembershipFactory.create()

    foreign = log_in(anonymous, member.user.email, tenant=TenantFactory.create().slug)
    unknown = log_in(anonymous, member.user.email, tenant="unknown")

    assert foreign == unknown
    assert foreign[0] == 403


def test_a_refresh_token_gives_a_new_access_token(anonymous: APIClient) -> None:
    member = MembershipFactory.create()

    response = anonymous.post("/token/refresh/", {"refresh": str(issue(member))})

    assert response.status_code == 200
    assert AccessToken(response.json()["access"])["tenant_id"] == str(member.tenant_id)


def test_no_refresh_after_the_membership_ended(anonymous: APIClient) -> None:
    member = MembershipFactory.create()
    refresh = str(issue(member))
    member.delete()

    response = anonymous.post("/token/refresh/", {"refresh": refresh})

    assert response.status_code == 401
    assert response.json()["errors"][0]["code"] == "token_not_valid"


def test_an_access_token_refreshes_nothing(anonymous: APIClient) -> None:
    access = str(issue(MembershipFactory.create()).access_token)

    assert anonymous.post("/token/refresh/", {"refresh": access}).status_code == 401


def test_a_refresh_token_opens_no_route(anonymous: APIClient) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(MembershipFactory.create())}")

    assert anonymous.get("/me/").status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER  "])
def test_the_case_of_the_scheme_does_not_matter(anonymous: APIClient, scheme: str) -> None:
    token = issue(MembershipFactory.create()).access_token
    anonymous.credentials(HTTP_AUTHORIZATION=f"{scheme} {token}")

    assert anonymous.get("/me/").status_code == 200


@pytest.mark.parametrize("header", ["", "bearer", "Token {}", "bearer{}", "bearer {} {}", "{}"])
def test_another_header_opens_no_route(anonymous: APIClient, header: str) -> None:
    token = issue(MembershipFactory.create()).access_token
    anonymous.credentials(HTTP_AUTHORIZATION=header.replace("{}", str(token)))

    assert anonymous.get("/me/").status_code == 401


def test_an_access_token_that_has_expired_is_one_plain_error(anonymous: APIClient) -> None:
    token = issue(MembershipFactory.create()).access_token
    token.set_exp(lifetime=timedelta(seconds=-1))
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    response = anonymous.get("/me/")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json() == {
        "type": "client_error",
        "errors": [
            {
                "code": "token_not_valid",
                "detail": "This access token is not valid or has expired. Get a new one from "
                "/token/refresh/, or log in again.",
                "attr": None,
            }
        ],
    }


def test_a_tampered_token_is_refused(anonymous: APIClient) -> None:
    header, payload, signature = str(issue(MembershipFactory.create()).access_token).split(".")
    other = str(issue(MembershipFactory.create()).access_token).split(".")[1]
    for token in (f"{header}.{other}.{signature}", f"{header}.{payload}.", "nonsense", "a.b.c"):
        anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert anonymous.get("/me/").status_code == 401


def test_an_expired_token_is_refused(anonymous: APIClient) -> None:
    token = issue(MembershipFactory.create()).access_token
    token.set_exp(lifetime=timedelta(seconds=-1))
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    assert anonymous.get("/me/").status_code == 401


def test_a_signed_token_with_odd_claims_is_refused(anonymous: APIClient) -> None:
    for claim, value in (("tenant_id", "x"), ("user_id", 7), ("pwd", None), ("tenant_id", [])):
        token = issue(MembershipFactory.create()).access_token
        token[claim] = value
        anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert anonymous.get("/me/").status_code == 401


def test_a_removed_member_loses_access_at_once(tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant)
    client = client_of(member)
    assert client.get("/me/").status_code == 200

    member.delete()

    assert client.get("/me/").status_code == 401


def test_a_deactivated_user_loses_access_at_once(tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant)
    client = client_of(member)
    User.objects.filter(pk=member.user_id).update(is_active=False)

    assert client.get("/me/").status_code == 401


def test_a_new_password_ends_all_tokens(tenant: Tenant) -> None:
    member = MembershipFactory.create(tenant=tenant)
    client = client_of(member)
    member.user.set_password("another one")
    member.user.save()

    assert client.get("/me/").status_code == 401


def test_an_inactive_tenant_is_closed(tenant: Tenant, owner: APIClient) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    response = owner.get("/me/")

    assert response.status_code == 403
    assert response.json()["errors"][0]["code"] == "tenant_inactive"


def test_logging_in_is_throttled_per_address_and_email(
    anonymous: APIClient, settings: Settings
) -> None:
    settings.TOKEN_THROTTLE_RATE = "2/min"
    guessed, other = (MembershipFactory.create().user.email for _ in range(2))
    for _ in range(2):
        assert log_in(anonymous, guessed, "wrong")[0] == 401

    response = anonymous.post("/token/", {"email": guessed.upper(), "password": PASSWORD})

    assert response.status_code == 429
    assert response.json()["errors"][0]["code"] == "throttled"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert log_in(anonymous, other)[0] == 200


def test_logging_in_is_throttled_per_address(anonymous: APIClient, settings: Settings) -> None:
    settings.TOKEN_ADDRESS_THROTTLE_RATE = "2/min"

    statuses = [log_in(anonymous, f"user{n}@example.com", "wrong")[0] for n in range(3)]

    assert statuses == [401, 401, 429]


@pytest.mark.parametrize("forge", ["", "198.51.100.{}, ", "{}.example, 198.51.100.9, "])
def test_behind_a_proxy_forty_wrong_passwords_are_throttled(
    db: None, settings: Settings, forge: str
) -> None:
    """The proxy appends the client's address; the client may send its own header as well."""
    settings.TRUSTED_PROXIES = 1
    client = str(IPv6Address(uuid4().int))
    proxied = APIClient(REMOTE_ADDR="10.0.0.2")

    statuses = []
    for number in range(40):
        header = f"{forge.format(number)}{client}"
        answer = proxied.post(
            "/token/",
            {"email": "someone@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": header},
        )
        statuses.append(answer.status_code)

    assert statuses == [401] * 10 + [429] * 30


def test_clients_behind_one_proxy_have_limits_of_their_own(db: None, settings: Settings) -> None:
    settings.TRUSTED_PROXIES, settings.TOKEN_ADDRESS_THROTTLE_RATE = 1, "1/min"
    proxied = APIClient(REMOTE_ADDR="10.0.0.2")
    credentials = {"email": "someone@example.com", "password": "wrong"}

    statuses = [
        proxied.post(
            "/token/", credentials, headers={"X-Forwarded-For": str(IPv6Address(uuid4().int))}
        ).status_code
        for _ in range(3)
    ]

    assert statuses == [401, 401, 401]


def test_without_redis_a_member_can_log_in(anonymous: APIClient, settings: Settings) -> None:
    """The lock-out counts in PostgreSQL, so the throttle may let the request in."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    assert log_in(anonymous, MembershipFactory.create().user.email)[0] == 200
    assert log_in(anonymous, "nobody@example.com", "wrong")[0] == 401
