"""The steps between camera and sink, one file each."""
