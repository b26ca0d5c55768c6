"""The portal and the REST API: everything about them that speaks HTTP."""
