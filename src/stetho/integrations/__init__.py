"""Libraries that train by steps of their own → those steps, told to an observer."""
