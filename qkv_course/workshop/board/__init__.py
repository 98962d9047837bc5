"""The live board: a teacher sees where a room is stuck; learners opt in.

What leaves a learner's computer is an `Event`, and nothing else. No grade comes from the board.
"""
