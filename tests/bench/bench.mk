# SPDX-License-Identifier: GPL-2.0-or-later
#
# The numbers; included by the Makefile. See tests/bench/bench.sh.

BENCH ?=
BENCH_DIR := $(BUILD)/bench

.PHONY: deps-bench bench bench-readme
deps-bench: ## fetch a pkill that has -m into a cache outside the tree, for bench (Debian)
	@tests/bench/pkill.sh --fetch >/dev/null

bench: all helpers ## numbers beside kill -9; BENCH="idle busy" chooses, BENCH_RUNS=10 rounds
	@$(ENV) tests/bench/bench.sh $(BENCH_DIR) $(BENCH)

# Whole runs only: a README with half a table would say less than before.
bench-readme: all helpers ## the same, all of it, and into README.md and its plot
	@$(ENV) tests/bench/bench.sh $(BENCH_DIR)
	@tests/bench/readme.sh $(BENCH_DIR) README.md
