"""From a message that is accepted to its fate."""
