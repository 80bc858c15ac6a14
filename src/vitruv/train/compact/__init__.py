"""Training of the compact regressor: a decoder on the features of a released trunk."""
