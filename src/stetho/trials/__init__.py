"""Many short runs of a script, in pairs that differ in one function → which function to use."""
