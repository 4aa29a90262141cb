"""The steps by which the tables of a journal came to be what they are, each one only adding."""
