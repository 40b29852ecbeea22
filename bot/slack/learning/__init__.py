"""What is learned from Slack itself, and how it follows what is edited and deleted there."""
