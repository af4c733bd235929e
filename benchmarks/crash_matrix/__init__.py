"""Every experiment killed at each of its writes and journal lines on the simulated cluster, and recovered."""
