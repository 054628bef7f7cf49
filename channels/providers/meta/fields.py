"""Which changes in Meta's calls do we leave unread? A field of neither table is counted as unknown.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference.
"""

NOT_READ = frozenset(
    {
        # About the account, its numbers and its limits
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "business_username_update",
        "payment_configuration_update",
        "partner_solutions",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        # About flows, statistics and groups as such
        "automatic_events",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "messaging_handovers",
        "tracking_events",
        # What the business wrote itself, or what was written before the number came to the platform
        "history",
        "message_echoes",
        "smb_app_state_sync",
        "smb_message_echoes",
        # About templates: their texts and statistics, which a sync copies
        "message_template_components_update",
        "template_correct_category_detection",
        "template_performance_metrics",
    }
)
