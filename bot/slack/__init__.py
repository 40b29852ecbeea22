"""Lorebot in Slack: listens, asks the rest of the service through one seam (`services`), and says what it found.

connection, looks          what the others stand on: how Slack is reached, what messages look like
talk, feedback, learning   what people do: ask, judge and teach, share and write what is learned
admin, home                what people manage: `/lorebot`, the Home tab

`app` puts it all together, `room` is what the listeners share, and `words` holds every sentence that people see.
"""
