"""How Slack is reached and heard: its Web API, HTTP mode, tokens, and what runs beside the listeners."""
