"""Google's RCS Business Messaging API, as the sandbox answers it."""
