"""What happened, for those who look things up: events, corrections, notes, who changed what."""
