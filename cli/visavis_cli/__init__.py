"""The visavis command."""
