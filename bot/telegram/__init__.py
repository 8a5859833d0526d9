"""The Bot API's own rules and traps: files, limits, retries, menus, callback data."""
