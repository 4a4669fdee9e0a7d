"""The REST API through its WSGI door, on a real database and the real engine."""
