"""How updates come in and how the process lives: polling, webhook, start and stop, health, logs."""
