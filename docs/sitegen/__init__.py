"""What of the site is written by the code that it describes, not by people."""
