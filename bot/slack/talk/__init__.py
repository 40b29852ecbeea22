"""Talking with people: from what somebody asks, in a channel or directly, to the reply."""
