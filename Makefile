# The two commands that a newcomer needs are `make up` and `make test`. `make` alone lists all of them and changes nothing.
STACK ?= dev
WITHIN := python3 -S -m tools.within
.DEFAULT_GOAL := help
TESTS := $(WITHIN) python -m tests.running

.PHONY: help up preview drift refresh down status where verify learn outputs test test-all test-rest test-unit test-integration test-e2e test-go test-one test-changed test-long-list test-times genuine soak mutations lint hooks format keys previews lock conformance pictures picture benchmark moving scale lazy peers first

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: ## deploy the registry, build the image and push it
	@./pulumiw up --stack $(STACK) --yes --skip-preview

preview: ## report what `make up` would change, as a pull request's comment shows it; Pulumi's own output goes to stderr
	@$(WITHIN) python -m tools.preview preview $(STACK)

drift: ## report what differs from the state; fails if anything does
	@$(WITHIN) python -m tools.preview drift $(STACK)

refresh: ## update the state from what exists
	@./pulumiw refresh --stack $(STACK) --yes

down: ## delete all of the stack; on a terminal it lists what is deleted and asks first
	@if [ -t 0 ] && [ -t 1 ]; then ./pulumiw destroy --stack $(STACK); else ./pulumiw destroy --stack $(STACK) --yes; fi

status: ## with Dragonfly, how much of an image nodes got from each other, and how much from where it lives
	@$(WITHIN) python -m tools.status $(STACK)

where: ## list every registry that holds the image, with tags and digests, and whether they agree
	@$(WITHIN) python -m tools.where $(STACK)

verify: ## download and hash all that the stack has pushed, in its registry and its mirrors; fails where bytes are not what they were
	@$(WITHIN) python -m tools.verify $(STACK)

learn: ## start Hero once from its Nydus form, as root, and name the files that it reads in SECONDS as those to fetch ahead; ENVIRONMENT is a file
	@$(WITHIN) python -m tools.learn $(STACK) $(or $(SECONDS),10) $(ENVIRONMENT)

outputs: ## show the stack's outputs
	@./pulumiw stack output --stack $(STACK)

test: ## run all unit and Go tests, and the main scenarios of the other tiers; takes minutes
	@$(TESTS) quick

test-all: ## run every test
	@$(TESTS) all

test-rest: ## run what `make test` leaves out
	@$(TESTS) rest

test-unit: ## run one tier: the program under mocks, and the tools
	@$(TESTS) all unit

test-integration: ## run one tier: the real CLI with fake providers (tests/engine)
	@$(TESTS) all integration

test-e2e: ## run one tier: everything real on this machine (tests/embedded)
	@$(TESTS) all e2e

test-go: ## run one tier: the Go tests of the plugin and of Hero
	@$(TESTS) all go

test-one: ## run the tests called NAME: a pytest node id, a part of a name, or the name of a Go test
	@$(TESTS) one "$(NAME)"

test-changed: ## run the tests that the changes since BASE reach; since this branch left main where no BASE is given
	@$(TESTS) changed $(BASE)

test-long-list: ## name the tests, and the breaks of `make mutations`, that only the long form runs
	@$(TESTS) list

test-times: ## run both forms and print a table of their times
	@$(TESTS) times

genuine: ## the engine's scenarios with the real provider plugins, as far as they are installed, and a Docker engine to Docker Hub
	@HERO_GENUINE=1 $(WITHIN) pytest --numprocesses 2 -rs tests/engine tests/genuine

soak: ## the long run: all scenarios of the engine, and every process killed and every file cut short; prints how many; SEED begins another row
	@HERO_SOAK=1 HERO_SEED=$(or $(SEED),1) $(WITHIN) pytest --numprocesses 2 --dist loadscope tests/engine tests/embedded/test_soak.py

mutations: ## break the program in ways that matter, and see a test turn red each time
	@$(WITHIN) python -m tests.engine.mutations $(ONLY)

conformance: ## put the OCI conformance suite to the registry of a stack that is up
	@$(WITHIN) python -m tests.conformance $(STACK) $(if $(WRITE),--write)

lint: ## ruff, strict types, gofmt and go vet, and the workflows by actionlint and zizmor
	@$(WITHIN) ruff check
	@$(WITHIN) ruff format --check
	@$(WITHIN) pyright
	@$(WITHIN) sh -c 'cd providers && test -z "$$(gofmt -l . ../hero ../benchmarks ../tools/languages ../examples/go/main.go)" && export CGO_ENABLED=0 && go vet ./... && cd ../hero && go vet ./... && cd ../benchmarks/lazy_start/programs && go vet ./...'
	@$$(python3 -S -m tools.provide actionlint)
	@$(WITHIN) zizmor --offline --quiet .github

hooks: ## run the quick part of `make lint` before each commit
	@$(WITHIN) pre-commit install

format: ## format the code with ruff and gofmt
	@$(WITHIN) ruff check --fix
	@$(WITHIN) ruff format
	@$(WITHIN) gofmt -w providers hero benchmarks tools/languages examples/go/main.go

previews: ## record anew the event logs that the reports of previews are tested on
	@$(WITHIN) python -m tests.previews

keys: ## write the config reference and the JSON schema of stack files
	@$(WITHIN) python -m tools.keys

lock: ## lock the packages anew and export the lock
	@$(WITHIN) uv lock
	@$(WITHIN) uv export --locked --no-dev --no-emit-project --quiet --output-file requirements.txt

pictures: ## make the pictures of the documentation again; needs Chromium, and Node with npm
	@KEEP_PICTURES=1 $(WITHIN) pytest --quiet tests/embedded/test_page.py
	@$(WITHIN) python -m tests.pictures

picture: ## what the puller sees at the page of a stack that is up, as a picture of the documentation
	@$(WITHIN) python -m tests.genuine $(STACK)

benchmark: ## measure previews and `up`, and write docs/benchmarks.md
	@$(WITHIN) python -m benchmarks.speed --write

moving: ## measure a move to another registry against crane: the table of docs/switching.md
	@$(WITHIN) python -m benchmarks.moving --write

scale: ## measure time and memory of large stacks, and write docs/benchmarks.md
	@$(WITHIN) python -m benchmarks.scale --write

lazy: ## how long containers take to start from images that have not arrived; as root. SIZES in MB, LINKS in Mbit/s, RUNS
	@$(WITHIN) python -m benchmarks.lazy_start --write

peers: ## how nodes share an image by Dragonfly; as root, with DRAGONFLY=FOLDER of its programs. SIZE in MB, LINK in Mbit/s, NODES, RUNS
	@$(WITHIN) python -m benchmarks.peer_to_peer --write

first: ## measure a first `up` with Harbor against Helm and Harbor's API by hand, in the cluster of a STACK that is not up: the table of docs/harbor.md; RUNS
	@$(WITHIN) python -m benchmarks.harbor $(STACK) --write
