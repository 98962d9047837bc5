"""Teaching a workshop: timetables, slides, the teacher's pages, and a live board."""
