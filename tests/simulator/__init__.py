"""A conversation in virtual time: the gateway's own code, a person from a script, services from dice."""
