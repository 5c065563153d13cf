"""What others notice of those who press, and what can be read from how long an answer takes."""
