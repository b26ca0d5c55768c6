"""The command line, a file for each command: what it is called, its options, its examples."""
