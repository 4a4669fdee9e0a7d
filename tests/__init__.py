"""What Turnup promises, checked."""
