"""Gives up on the first NotFound: takes an end that its owner has not made yet for one that will never be."""

import json
import subprocess
import sys
import time

ENDS = ("ri-alice@vpc-alice", "ri-bob@vpc-bob")


def status_of(interface: str) -> str:
    """The status that an end shows; ends the program where there is no such end."""
    asked = subprocess.run(["peering", "show", interface, "--json"], stdout=subprocess.PIPE, check=False)
    answer = json.loads(asked.stdout)
    if asked.returncode != 0:
        sys.exit(f"not found: {interface} ({answer['code']})")
    return str(answer["status"])


while (seen := [status_of(end) for end in ENDS]) != ["Activated", "Activated"]:
    sys.stdout.write(f"not yet: {' and '.join(seen)}\n")
    time.sleep(0.2)
sys.stdout.write("the link is up\n")
