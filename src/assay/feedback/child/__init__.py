"""Programs that run in the sandbox around a candidate: read as text and sent, never imported.

Each reads an order (`feedback.calls.order`) from standard input and prints one line of JSON. The
candidate is in the same process and can print what it likes: what comes back is only advice.
"""
