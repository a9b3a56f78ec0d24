"""One file a claim. Claims do not see each other."""
