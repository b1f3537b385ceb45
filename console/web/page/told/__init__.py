"""The guided stories of the page, a file each."""
