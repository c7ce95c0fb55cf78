"""The choices, one file each, with their settings beside their component."""
