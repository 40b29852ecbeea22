"""Knowledge: documents become passages, passages are found, and what people teach is remembered."""
