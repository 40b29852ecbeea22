"""Lorebot in Slack: listens, asks the rest of the service through one seam (`services`), and says what it found."""
