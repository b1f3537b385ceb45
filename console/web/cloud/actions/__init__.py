"""What the API can be asked, one file for each thing that a caller may want."""
