"""Models by name: what can be had, where from and under which licence, and where it is kept on this machine."""
