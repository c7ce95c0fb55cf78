"""What no stack of Hero's home may do without saying so: a Pulumi policy pack."""
