"""Reading: from a question and passages to candidate answers, their confidence, and the sentence they stand
in."""
