"""Waits rightly: the link is up when both ends show Activated, and an end that is not there yet is only early."""

import json
import subprocess
import sys
import time

ENDS = ("ri-alice@vpc-alice", "ri-bob@vpc-bob")


def status_of(interface: str) -> str:
    """The status that an end shows, or the code of the refusal where there is no such end."""
    asked = subprocess.run(["peering", "show", interface, "--json"], stdout=subprocess.PIPE, check=False)
    answer = json.loads(asked.stdout)
    return str(answer["status"] if asked.returncode == 0 else answer["code"])


while (seen := [status_of(end) for end in ENDS]) != ["Activated", "Activated"]:
    sys.stdout.write(f"not yet: {' and '.join(seen)}\n")
    time.sleep(0.2)
sys.stdout.write("the link is up\n")
