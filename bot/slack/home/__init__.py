"""The Home tab: a member's own questions and data; for an admin, the desk."""
