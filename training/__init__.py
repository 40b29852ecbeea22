"""Turns recorded feedback into a better adapter, in a process of its own: imports bot's floors 0 to 3, never the reverse."""
