"""Script → a watched process that runs and ends as it would without stetho."""
