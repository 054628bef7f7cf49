"""Settings of the REST API: Django REST Framework, the OpenAPI document and CORS."""

from typing import Any

from api.version import VERSION
from config.environment import env

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.TenantJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.RolePermission"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NumberedPages",
    "EXCEPTION_HANDLER": "api.exceptions.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "config.openapi.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# The statuses that an operation may answer besides those that it declares; config/openapi/schema.py
# decides for each operation which of them apply.
DRF_STANDARDIZED_ERRORS = {
    "ALLOWED_ERROR_STATUS_CODES": [400, 401, 403, 404, 405, 406, 409, 413, 415, 429, 500, 503]
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Broadcast API",
    "DESCRIPTION": (
        "Write a broadcast once; follow every message until it is delivered and paid.\n\n"
        "- Times are ISO 8601 with an offset from UTC, such as `2027-07-01T10:00:00Z`; a time "
        "without an offset is refused.\n"
        "- Amounts are decimal texts.\n"
        "- Numbers beyond 2⁵³ are refused: send them as texts.\n"
        "- Every refusal has the shape of `ErrorResponse`; programs act on its `code`.\n"
        "- Every answer has `Cache-Control: no-store`."
    ),
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.shared_refusals.share_refusals",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "ErrorTypeEnum": "api.error_schema.ErrorType",
        "BroadcastStatusEnum": "broadcast.states.BroadcastStatus",
        "BroadcastKindEnum": "broadcast.states.BroadcastKind",
        "MessageStatusEnum": "broadcast.states.MessageStatus",
        "PlatformEnum": "channels.platforms.Platform",
        "EntryKindEnum": "wallet.models.EntryKind",
        "MediaKindEnum": "broadcast.api.content_serializers.MEDIA_KINDS",
        "TemplateButtonTypeEnum": "templates_wa.api.serializers.BUTTON_TYPES",
        "TemplateStatusEnum": "templates_wa.models.TemplateStatus",
        "ReplyKindEnum": "inbound.models.REPLY_KINDS",
        "ImportStatusEnum": "contacts.models.ImportStatus",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Idempotent-Replayed", "Retry-After", "X-Request-ID"]
