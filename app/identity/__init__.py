"""Who may do what: users and their sessions, tokens of systems, roles and permissions."""
