"""Tests of the audit: pytest's and Testinfra's, as an operator's own."""
