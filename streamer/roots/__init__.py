"""What puts the parts together, each for one corner of the house; `streamer.app` begins here."""
