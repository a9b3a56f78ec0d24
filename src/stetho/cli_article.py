"""Arguments of `stetho article` → experiments on its claims, their progress, the table."""
