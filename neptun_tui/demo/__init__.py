"""Embedded imitation of the Neptun web service, for demonstration and for tests.

It follows the contract (docs/neptun-api.md) and imports nothing from the rest of the
program, which uses it over HTTP only, like the real service.
"""
