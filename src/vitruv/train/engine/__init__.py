"""What every training run shares: the loop, its configuration, checkpoints, data feed, optimiser and report. Knows no network."""
