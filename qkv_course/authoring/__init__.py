"""From one text a lesson to two notebooks: one for learners, one solved and executed."""
