"""Test of the actions' descriptions against the request models of the cloud's own libraries."""

from __future__ import annotations

import json
import subprocess

from console.web.cloud.catalogue import ACTIONS
from console.web.cloud.description import TAGS
from tests.end_to_end.clients.calling import INSTALLED, install

FIELDS_OF_MODELS = """
import inspect, itertools, json, re, sys
from alibabacloud_vpc20160428 import models as vpc
from alibabacloud_vpcpeer20220101 import models as peering
found = {}
for action, models in itertools.product(json.load(sys.stdin), (vpc, peering)):
    model = getattr(models, f"{action}Request", None)
    if model is not None:
        fields = re.findall(r"result\\['(\\w+)'\\]", inspect.getsource(model.to_map))
        found[action] = sorted({*found.get(action, []), *fields})
print(json.dumps(found))
"""
WITHOUT_A_MODEL = {"UntagResources", "GetCallerIdentity", "RefundInstance"}
"""Called so by other clients of the cloud than this library, or of another product."""


def test_every_parameter_of_the_clouds_own_models_is_described() -> None:
    install()
    program = [str(INSTALLED / "python" / "bin" / "python"), "-c", FIELDS_OF_MODELS]
    said = subprocess.run(
        program, input=json.dumps(list(ACTIONS)), capture_output=True, text=True, check=True, timeout=60
    )
    models: dict[str, list[str]] = json.loads(said.stdout)
    assert set(ACTIONS) - set(models) == WITHOUT_A_MODEL
    for action, parameters in models.items():
        described = ACTIONS[action].description
        known = described.honoured | described.ignored | described.refused | {"RegionId"}
        alias = TAGS if known & TAGS else frozenset[str]()
        assert set(parameters) - known - alias == set(), action
        assert len(parameters) >= len(described.honoured) - 1, f"{action}: the models name what the code reads"
