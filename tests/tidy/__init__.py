"""The laws of the house are kept only if breaking one fails a test; each file here is one law."""
