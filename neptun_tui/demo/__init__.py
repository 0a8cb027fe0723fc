"""An embedded imitation of the Neptun web service, for demonstration and for tests.

It keeps to the contract (tests/contract/NEPTUN_API.md) and knows nothing of the rest of the
program: the program meets it over HTTP only, as it would meet the real service.
"""
