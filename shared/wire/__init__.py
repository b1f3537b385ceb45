"""The wire: JSON forms of bundles, requests, replies and observations, and the views behind every `--json`.

Whatever is not exactly as described here is refused. All readers raise the one error of this layer, `Unreadable`.
"""
