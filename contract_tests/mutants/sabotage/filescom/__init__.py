"""Files.com broken: a module for each theme."""
