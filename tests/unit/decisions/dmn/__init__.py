"""DMN, from the XML to the rules that matched."""
