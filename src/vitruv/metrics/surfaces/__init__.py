"""The surfaces that evaluation measures geodesic distances on: Vitruv's atlas, the official one, and recomputed tables."""
