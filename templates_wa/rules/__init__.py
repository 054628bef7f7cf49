"""What a template may say."""
