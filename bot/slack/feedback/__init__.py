"""What people make of an answer: thumbs, corrections and taught answers."""
