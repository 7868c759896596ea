"""What programs and people at a terminal call; each does what a page does, without the page."""
