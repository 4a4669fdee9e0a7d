"""Token flow by the book, for tests to hold the engine against: in memory, plain, and written from the standard."""
