"""Open instances move to another version of their process (DESIGN promise 10).

What moves are the tokens that stand open, with their waits, their scopes and the branches they are on; what is done
stays as it was done. The rules are those of Camunda 8's process instance migration: an element goes to one of its own
kind in its own surroundings; jobs, user tasks, due times, message names and correlation keys stay as they are; a
listening event that has a counterpart goes on listening, one without stops, one that is new begins.
"""
