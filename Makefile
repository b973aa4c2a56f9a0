# The commands of ik_gd: `make help` lists them. tools/setup makes the environment, .venv.

# make sim DURATION=10: the variables are options of `ik_gd sim`; ARGS passes on anything else.
run_options = \
	$(if $(DURATION),--duration '$(DURATION)') \
	$(if $(RATE),--rate '$(RATE)') \
	$(if $(REPORT),--report '$(REPORT)')
sim_options = $(run_options) \
	$(if $(URDF),--urdf '$(URDF)') \
	$(if $(BASE),--base '$(BASE)') \
	$(if $(TIP),--tip '$(TIP)') \
	$(if $(TARGET),--target '$(TARGET)') \
	$(if $(GUI),$(if $(filter 0 no off false,$(GUI)),--headless,--gui))
demo_options = $(run_options) --target '$(or $(TARGET),figure-eight)'

bin := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup sim hardware-demo test lint bench clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "e.g. make sim DURATION=10 URDF=arm.urdf TIP=tool0 TARGET=circle GUI=1"

setup: ## make .venv with all that `make sim` needs
	@tools/setup run

sim: setup ## a simulated arm follows a target (URDF BASE TIP TARGET DURATION RATE GUI REPORT ARGS)
	@$(bin)/ik_gd sim $(sim_options) $(ARGS)

hardware-demo: setup ## the same through the servo bus, with virtual servos (TARGET DURATION RATE REPORT ARGS)
	@$(bin)/ik_gd arm --emulate --enable --calibration config/so101_calibration.yaml \
		$(demo_options) $(ARGS)

test: ## run all tests, or those that ARGS choose: make test ARGS='-k kinematics'
	@tools/setup run test
	@$(bin)/python -m pytest -n 2 --dist loadfile --timeout 180 $(ARGS)

lint: ## check style, types, layers and scripts
	@tools/setup run lint
	@$(bin)/ruff check . && $(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/lint-imports
	@$(bin)/shellcheck tools/setup .ci/run

bench: ## compare the solver with other solvers
	@tools/setup run bench
	@$(bin)/ik_gd bench $(ARGS)

clean: ## remove .venv and everything built
	@rm -rf .venv build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	@find ik_gd launch test -name __pycache__ -type d -prune -exec rm -rf {} +
