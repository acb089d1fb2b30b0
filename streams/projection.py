"""The projection: which channels a decision speaks to, and what each role may see of it.

Pure: a decision in, publications out.
"""
