"""Boxes in, tracks out. Knows arrays and seconds; no pictures, no cameras."""
