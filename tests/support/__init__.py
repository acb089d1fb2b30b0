"""What several kinds of tests share; nothing in here is a test."""
