"""Every SQL statement of the product, one file per group of tables."""
