"""Right or wrong? The daemon, its votes and `read` held against what is known to be true."""
