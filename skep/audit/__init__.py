"""An audit: Testinfra tests with ids, severities and remedies, what is accepted of their findings, and reports."""
