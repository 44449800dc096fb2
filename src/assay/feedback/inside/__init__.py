"""Programs of ours that run in the sandbox around a candidate: a tracer and a profiler.

They import only the standard library and each other; `feedback.program` sends their text as a
job. They share their process with code that may be hostile, so nobody believes what they say.
"""
