"""`/lorebot` and what stands behind it: channel settings, reviews, retrainings and notices."""
