"""Who wants no more: suppressions, opt-out words, opting out and in."""
