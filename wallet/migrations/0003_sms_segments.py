"""`wallet_sms_segments(text)`: what wallet/pricing/segments.py counts, for planning in sets."""

from django.db import migrations

# In a bracket expression of PostgreSQL's regular expressions: ] first, - last, \ doubled.
GSM = (
    "][@£$¥èéùìòÇ\\nØø\\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&''()*+,./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà"
    "\\f^{}\\\\~|€-"
)
EXTENSION = "E'\\f^{}\\\\[~]|€'"

CREATE = f"""
CREATE FUNCTION wallet_sms_segments(t text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
DECLARE
    gsm boolean := t ~ '^[{GSM}]*$';
    one integer := CASE WHEN gsm THEN 160 ELSE 70 END;
    part integer := CASE WHEN gsm THEN 153 ELSE 67 END;
    wide integer := CASE
        WHEN gsm THEN char_length(t) - char_length(translate(t, {EXTENSION}, ''))
        ELSE regexp_count(t, '[\\U00010000-\\U0010FFFF]') END;
    parts integer := 1;
    used integer := 0;
    cost integer;
    c text;
BEGIN
    IF char_length(t) + wide <= one THEN
        RETURN 1;
    ELSIF wide = 0 THEN
        RETURN (char_length(t) + part - 1) / part;
    END IF;
    -- What takes two is not cut apart, so parts may end one short.
    FOREACH c IN ARRAY string_to_array(t, NULL) LOOP
        cost := CASE
            WHEN gsm AND strpos({EXTENSION}, c) > 0 THEN 2
            WHEN NOT gsm AND ascii(c) > 65535 THEN 2
            ELSE 1 END;
        IF used + cost > part THEN
            parts := parts + 1;
            used := 0;
        END IF;
        used := used + cost;
    END LOOP;
    RETURN parts;
END
$function$
"""


class Migration(migrations.Migration):
    replaces = [
        ("wallet", "0004_sms_segments"),
    ]

    dependencies = [("wallet", "0002_triggers")]

    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION wallet_sms_segments(text)"),
    ]
