"""The actions of the cloud's API, one file for each thing that a caller may want."""
