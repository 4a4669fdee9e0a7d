"""What the API and the dashboard share: errors as JSON, strict bodies, tokens, paging, the application's shell."""
