"""The gateway as a client: one module for each service that it speaks to."""
