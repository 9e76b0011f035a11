"""The way in for events: thin shells around core, and every process that is not the web."""
