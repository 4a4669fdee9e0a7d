"""What people did, on record: written once, sealed into a chain, searched, exported and verified."""
