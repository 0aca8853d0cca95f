"""The read model: documents as they were published, and the few columns that they are searched by.

Everything in it but acknowledgements can be rebuilt from the log: drop the database and project again.
"""
