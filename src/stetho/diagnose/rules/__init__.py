"""One file a symptom. Rules do not see each other."""
