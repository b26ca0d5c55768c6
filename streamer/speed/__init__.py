"""How fast a vehicle was: by the camera's own picture, or by a radar beside it."""
