"""Embedded imitation of the Neptun web service, for demonstration and for tests.

It follows the contract (tests/contract/NEPTUN_API.md) and imports nothing from the rest of the
program, which uses it over HTTP only, like the real service.
"""
