"""What runs inside a sandbox: the zygotes, the candidate's process and the judge's.

These files are run with `python -I -S` and import only the standard library and each other.
"""
