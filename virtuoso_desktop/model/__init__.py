"""The words of the domain. Imports only the standard library, numpy and msgspec."""
