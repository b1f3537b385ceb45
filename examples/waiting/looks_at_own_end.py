"""Looks at its own end only, and takes Activated for the link: the other end may still be Accepting."""

import json
import subprocess
import sys
import time

OWN_END = "ri-alice@vpc-alice"


def status_of(interface: str) -> str:
    """The status that an end shows, or the code of the refusal where there is no such end."""
    asked = subprocess.run(["peering", "show", interface, "--json"], stdout=subprocess.PIPE, check=False)
    answer = json.loads(asked.stdout)
    return str(answer["status"] if asked.returncode == 0 else answer["code"])


while (seen := status_of(OWN_END)) != "Activated":
    sys.stdout.write(f"not yet: {seen}\n")
    time.sleep(0.2)
sys.stdout.write("the link is up\n")
