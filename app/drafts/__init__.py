"""What authors draw before it is deployed."""
