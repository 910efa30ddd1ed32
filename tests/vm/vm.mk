# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab of real kernels; included by the Makefile. See tests/vm/README.md.

VM_DIR := $(BUILD)/vm
VM_HELPERS := $(patsubst tests/vm/helpers/%.c,$(VM_DIR)/helpers/%,$(sort \
	$(wildcard tests/vm/helpers/*.c)))
KERNEL ?= v2
TEST ?=

# Static: the guest needs no library for them, and the 64 MiB machine has room for few.
$(VM_HELPERS): $(VM_DIR)/helpers/%: tests/vm/helpers/%.c tests/helpers/helpers.h $(H)/flags
	@mkdir -p $(@D)
	$(CC) $(HELPER_CFLAGS) -static -o $@ $<

VM_ENV := LAB_OUT='$(abspath $(VM_DIR))' MMREAP='$(abspath $(BIN))' MMREAP_HELPERS='$(abspath $(H))' \
	MMREAP_STATIC='$(abspath $(BUILD)/static/mmreap)'
# The guests that have a disk start this one from it, too.
VM_STATIC := $(if $(filter 64mib,$(KERNEL))$(filter check-vm-all,$(GOALS)),vm-static)

.PHONY: deps-lab lab vm-static check-vm check-vm-all check-vm-ci
vm-static:
	+@$(MAKE) --no-print-directory STATIC=1 all

deps-lab: ## install what the lab of real kernels needs (Debian, root)
	@tests/vm/deps.sh

lab: $(VM_HELPERS) ## fetch and build the lab's kernels into a cache outside the tree
	@$(VM_ENV) tests/vm/matrix.sh --images

check-vm: all helpers $(VM_HELPERS) $(VM_STATIC) ## boot KERNEL=name (v2) and run its tests, or TEST=file
	@$(VM_ENV) tests/vm/run.sh $(KERNEL) $(TEST)

check-vm-all: all helpers $(VM_HELPERS) $(VM_STATIC) ## the same on every kernel, and one table
	@$(VM_ENV) tests/vm/matrix.sh

check-vm-ci: deps-lab all helpers $(VM_HELPERS) ## the lab itself, and the small set: v2, v3, 5.10
	@mkdir -p $(RESULTS); rm -f $(RESULTS)/vm $(RESULTS)/lab
	@$(VM_ENV) LAB_RESULTS='$(abspath $(RESULTS)/vm)' tests/vm/matrix.sh v2 v3 5.10; \
	$(VM_ENV) $(TALLY) lab '$(BATS) tests/vm/lab.bats'; $(ADD_UP) $(RESULTS)/vm $(RESULTS)/lab
