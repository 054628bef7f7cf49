"""RCS by Google's RCS Business Messaging API."""
