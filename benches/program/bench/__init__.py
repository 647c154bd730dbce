"""`make bench`: the library beside what a user would write, and beside what the machine can do."""
