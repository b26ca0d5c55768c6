"""What is known of a plate beside how it reads: watchlists, its owner, where it parks."""
