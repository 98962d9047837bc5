"""What runs beside learners' code, in a process that is trusted with nothing.

These modules import one another and NumPy, and nothing else of the course: where they run, the
course is not there.
"""
