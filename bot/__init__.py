"""The service: answers a team's questions from its own documents, and keeps what people say about the answers."""
