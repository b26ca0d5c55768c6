"""From annotated pictures and rendered scenes to weights."""
