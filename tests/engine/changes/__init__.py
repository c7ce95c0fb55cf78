"""What each key of config means for each resource: one table for each choice, and one for what they share."""
