# Each target says in one line what it does. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.SILENT:
.ONESHELL:

# Hundreds of processes are started below: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON_HERE := .venv/bin/python
PYTEST := $(PYTHON_HERE) -m pytest -q $(PYTEST_ARGS)
STAMP := .venv/.set-up

# What needs no broker shares the cores among its tests. The other tiers mostly wait: three processes, with a broker each;
# `make test WAITING=` runs them one by one.
PARALLEL := -n auto --maxprocesses 4
WAITING := -n 3 --dist worksteal

# A tier of real processes: what fails in it is repeated, alone. What fails again fails the tier, at the first such test;
# what passes then depends on time, which is a bug of the test or of what it tests: its first output stays, and it is named.
define REAL_TIER
real_tier() {
  local name=$$1 folder=$$2 marks=$$3 parallel=$${4:-} status=0
  local cache=.pytest_cache/$$folder-$${marks// /-}
  printf '\n== %s\n' "$$name"
  $(PYTEST) -o cache_dir=$$cache tests/$$folder -m "$$marks" $$parallel || status=$$?
  if [ $$status != 1 ]; then return $$status; fi
  cp $$cache/v/cache/lastfailed $$cache/failed
  printf '\n== %s: what failed, again and alone\n' "$$name"
  $(PYTEST) -o cache_dir=$$cache tests/$$folder -m "$$marks" --last-failed --last-failed-no-failures none --exitfirst
  printf '\n== %s: UNSTABLE, each a bug to look into:\n%s\n' "$$name" "$$(cat $$cache/failed)"
}
endef

.PHONY: help setup broker browser clients demo drawing picture chaos guarantees bench bench-quick check coverage test simulation integration end-to-end compose hosts format docs clean

help: ## list the targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## make .venv; does nothing until pyproject.toml or constraints.txt change

$(STAMP): pyproject.toml lab/pyproject.toml constraints.txt
	scripts/bootstrap venv
	touch $@

broker: ## make sure that there is a RabbitMQ to run (installs Debian's package where it may)
	scripts/bootstrap broker

browser: ## make sure that there is a chromium for the tests of the page (installs Debian's package where it may)
	scripts/bootstrap browser

clients: setup ## install what the end-to-end tests call with (the real cloud's clients, promtool) and run beside (old packages)
	scripts/bootstrap clients
	scripts/bootstrap lowest
	scripts/bootstrap promtool

demo: setup broker ## the cross-account story with real processes, narrated
	.venv/bin/peering demo cross-account

drawing: setup broker ## docs/trace.svg anew, drawn from a run of the cross-account story
	.venv/bin/peering demo cross-account --trace docs/trace.svg

picture: setup broker browser ## docs/page.png anew: the page in a real browser, at the end of the cross-account story
	$(PYTHON_HERE) -m tests.end_to_end.picture

chaos: setup broker ## break real workers, a real RabbitMQ and a cluster of three for some minutes, and check what is left
	.venv/bin/peering-lab chaos $(CHAOS_ARGS)

guarantees: setup broker ## explore, simulate and chaos in full; writes their figures into docs/guarantees.md
	mkdir -p docs/guarantees
	.venv/bin/peering-lab explore --json > docs/guarantees/explore.json
	.venv/bin/peering-lab explore --bugs --json > docs/guarantees/bugs.json
	.venv/bin/peering-lab simulate --seeds 10000 --json > docs/guarantees/simulate.json
	.venv/bin/peering-lab chaos --json > docs/guarantees/chaos.json
	.venv/bin/peering-lab soak --json > docs/guarantees/soak.json
	.venv/bin/peering-lab generate

bench: setup broker ## every measure against the baselines; writes the tables and plots of docs/performance.md
	.venv/bin/peering-lab bench --json docs/performance/latest.json --svg docs/performance
	$(PYTHON_HERE) -m lab.bench.page docs/performance/latest.json docs/performance.md

bench-quick: setup broker ## the same in a minute or two: ratios, for everyday use
	.venv/bin/peering-lab bench --quick

check: setup ## format, lint, types, import contracts; unit, model and tidy tests
	$(PYTHON_HERE) -m ruff format --quiet --check .
	$(PYTHON_HERE) -m ruff check --quiet .
	$(PYTHON_HERE) -m mypy --no-error-summary
	said=$$(.venv/bin/lint-imports 2>&1) || { printf '%s\n' "$$said"; exit 1; }
	$(PYTEST) $(PARALLEL) -m "unit or model or tidy"

# The exploration (tests/model) goes through the same lines some million times more, and would add nothing but minutes.
coverage: setup ## branch coverage of protocol, handshakes and wire by the unit tests; fails below 100 %
	$(PYTEST) $(PARALLEL) -m unit --cov --cov-report=term

# Tier by tier: pytest fails on a tier in which it finds no test, so none can go missing unseen; a tier is its folder, and
# `check` looks at all folders. The last ones run side by side: what containers and hosts take is mostly waiting.
test: check broker browser clients ## everything: check, then simulation, integration (on every broker there is), end to end
	make simulation
	make integration
	make --jobs 2 --output-sync=target end-to-end apart

simulation:
	printf '\n== simulation\n'
	$(PYTEST) tests/simulation -m simulation $(PARALLEL)

integration:
	$(REAL_TIER)
	rung=$$(scripts/bootstrap rung)
	real_tier "integration, on: $$rung" integration integration "$(WAITING)"
	rungs=$$(scripts/bootstrap rungs)
	for rung in $$rungs; do
	  PEERING_TEST_BROKER=$$rung real_tier "integration, again on: $$rung" integration ladder "$(WAITING)"
	done

end-to-end:
	$(REAL_TIER)
	rung=$$(scripts/bootstrap rung)
	folder=$$(mktemp -d)
	trap '.venv/bin/peering broker stop --folder "$$folder/broker" >/dev/null && rm -r "$$folder"' EXIT
	.venv/bin/peering broker start --for 2h --folder "$$folder/broker" >/dev/null
	export PEERING_WARM_BROKER="$$folder/broker"
	real_tier "end to end, on: $$rung" end_to_end "not compose and not hosts" "$(WAITING)"

.PHONY: end-to-end apart
apart:
	make compose
	make hosts

compose:
	$(REAL_TIER)
	if [ "$${CI:-}" = true ] || scripts/bootstrap engine; then
	  real_tier "compose" end_to_end compose
	else
	  printf '\n== compose: NOT RUN, no Docker engine answers here (CI runs it)\n'
	fi

hosts:
	$(REAL_TIER)
	if [ "$${CI:-}" = true ] || scripts/bootstrap hosts; then
	  real_tier "several hosts" end_to_end hosts "-n 2 --dist loadgroup"
	else
	  printf '\n== several hosts: NOT RUN, no network namespaces can be made here, which takes root (CI runs it)\n'
	fi

format: setup ## rewrite the files as the formatter wants them
	$(PYTHON_HERE) -m ruff check --quiet --fix-only .
	$(PYTHON_HERE) -m ruff format --quiet .

docs: setup ## write anew what is generated from the code: tables, schemas, command reference
	.venv/bin/peering-lab generate

clean: ## remove what the tools made (not .venv)
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
