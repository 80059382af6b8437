"""What the suites of tests/clients and tests/chaos share: children, a gateway, its books."""
