"""Pictures and videos in, results out: `plate-streamer read` and `main(input)`."""
