"""A laboratory network to run flows against: access, ACS, voice, porting, DNS, field force, CRM and billing."""
