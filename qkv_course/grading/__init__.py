"""The grader: a folder of learners' notebooks goes in, a gradebook comes out."""
