"""Parts of pages that fill a file of their own: one tab each. They draw and call, as pages do."""
