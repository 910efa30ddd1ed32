# SPDX-License-Identifier: GPL-2.0-or-later
#
# GNU make, non-recursive, out of tree: everything that is made lies under build/.
# `make help` lists the targets; `make` builds and never installs anything.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

GOALS := $(or $(MAKECMDGOALS),all)

ifeq ($(filter deps,$(GOALS))$(if $(filter-out deps,$(GOALS)),+),deps+)

# `make deps check`: what deps installs is looked for when this file is read, so the rest of the
# goals is left to a second make that reads it afterwards.
REST := $(filter-out deps,$(GOALS))

.PHONY: deps rest $(REST)
$(REST): rest
	@:
rest: deps
	+@$(MAKE) --no-print-directory $(REST)
deps:
	@.ci/deps

else

# ---- what can be set ------------------------------------------------------------------------
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
LOCALEDIR ?= $(DATADIR)/locale
PKG_CONFIG ?= pkg-config
READELF ?= readelf
SAN ?=
WERROR ?= 0
# auto, yes, no: the optional kernel-side part
BPF ?= auto
# 1: one file that needs no library, for rescue
STATIC ?=

VERSION := $(shell cat VERSION)
comma := ,
BUILD := build
B := $(BUILD)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))$(if $(STATIC),/static)
BIN := $(B)/mmreap
LIB := $(B)/libmmreap.a
# Helpers make the world of the tests and are never sanitized: one copy for all builds.
H := $(BUILD)/tests
RESULTS := $(B)/results

# ---- what there is --------------------------------------------------------------------------
BPF_USED := no
ifeq ($(STATIC),)
-include src/bpf/bpf.mk
else
BPF_CPPFLAGS = -DMMREAP_PARTS='"none"'
endif

# The one list of sources. Optional parts are chosen as files, never by #ifdef: NAME_late.c takes a
# library when it is needed, NAME_bpf.c the kernel's view, NAME_none.c does without.
SRC := $(sort $(patsubst ./%,%,$(shell find src -name '*.c' -not -path 'src/bpf/*' 2>/dev/null)))
ABSENT := $(if $(STATIC),%_late.c,$(filter-out %/kernelview_none.c,$(filter %_none.c,$(SRC))))
ABSENT += $(if $(filter yes,$(BPF_USED)),%/kernelview_none.c,%_bpf.c)
SRC := $(filter-out $(ABSENT),$(SRC))
OBJ := $(SRC:src/%.c=$(B)/obj/%.o)
LIB_OBJ := $(filter-out $(B)/obj/main.o,$(OBJ))
# What no kill runs from its first signal to its last verdict is linked behind src/sys/edge.c: what lies
# before it is locked in memory (brace_code). tests/live/kill-worst.bats shows that nothing is missing.
EDGE := $(B)/obj/sys/edge.o
ASIDE := $(filter $(patsubst %,$(B)/obj/%.o,main cli/% act/probe \
	cmd/look cmd/probe cmd/sharers cmd/status cmd/watch observe/blocker observe/changes observe/groups \
	observe/hidden observe/kernelview_% observe/life observe/snapshot observe/watched report/columns% \
	report/explain report/json report/status report/table% report/watch sys/stop sys/%_late),$(OBJ))
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
REPLAY := $(B)/unit/replay
HELPERS := $(patsubst tests/helpers/%.c,$(H)/%,$(sort $(wildcard tests/helpers/*.c)))
HELPERS_SO := $(patsubst tests/helpers/preload/%.c,$(H)/%.so,$(sort $(wildcard tests/helpers/preload/*.c)))
HELPERS_M32 := $(patsubst tests/helpers/m32/%.c,$(H)/%,$(sort $(wildcard tests/helpers/m32/*.c)))

# pkg-config name : Debian package. Those of the second line are loaded late (late.h), not linked.
PACKAGES := popt:libpopt-dev
LATE_PACKAGES := libproc2:libproc2-dev mount:libmount-dev smartcols:libsmartcols-dev
ifneq ($(filter-out help clean deps dist uninstall,$(GOALS)),)
ifeq ($(STATIC),)
PACKAGES += $(LATE_PACKAGES)
LATE := $(foreach p,$(LATE_PACKAGES),$(firstword $(subst :, ,$(p)))) \
	$(if $(filter yes,$(BPF_USED)),libbpf)
endif
MODULES := $(foreach p,$(PACKAGES),$(firstword $(subst :, ,$(p))))
MISSING := $(shell command -v $(firstword $(CC)) >/dev/null || echo $(firstword $(CC)))
ifeq ($(shell command -v $(PKG_CONFIG)),)
MISSING += pkgconf
else
MISSING += $(foreach p,$(PACKAGES),$(shell \
	$(PKG_CONFIG) --exists $(firstword $(subst :, ,$(p))) || echo $(lastword $(subst :, ,$(p)))))
endif
ifeq ($(strip $(MISSING)),)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(MODULES))
PKG_LIBS := $(shell $(PKG_CONFIG) $(if $(STATIC),--static) --libs $(filter-out $(LATE),$(MODULES)))

# One trial for the whole set: a compiler or machine that lacks a part gets the common ground.
HARDEN_ALL := -D_FORTIFY_SOURCE=3 -fstack-clash-protection -fcf-protection
HARDEN_SOME := -D_FORTIFY_SOURCE=2
HARDEN_TRY = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -O2 -Werror -U_FORTIFY_SOURCE $(1) -include features.h -x c -c -o /dev/null - \
	2>/dev/null && echo yes)
HARDEN := -fstack-protector-strong
# Fortified calls need optimisation, and hide bugs from the sanitizers.
ifeq ($(SAN)$(filter -O0,$(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE $(if $(call HARDEN_TRY,$(HARDEN_ALL)),$(HARDEN_ALL),$(HARDEN_SOME))
endif
# What is linked first lies first (ASIDE): link-time optimisation has an order of its own, and the linker
# takes a string from any file where one ends in the same words. Where that cannot be helped (clang),
# all is locked.
APART := $(call HARDEN_TRY,-fno-merge-constants)
IN_ORDER := -fno-lto $(if $(APART),-fno-merge-constants)
endif
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wformat=2 -Wvla -Wswitch-enum -Wundef -Wwrite-strings
ifneq ($(filter 1 y yes,$(WERROR)),)
WARN += -Werror
endif
SAN_FLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

ALL_CPPFLAGS = -Iinclude -I$(B)/gen -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DMMREAP_VERSION='"$(VERSION)"' -DMMREAP_LOCALEDIR='"$(LOCALEDIR)"' $(PKG_CFLAGS) $(BPF_CPPFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 -pthread -fPIE $(WARN) $(HARDEN) $(CFLAGS) $(IN_ORDER) $(SAN_FLAGS)
ALL_LDFLAGS = -pthread $(if $(STATIC),-static-pie,-pie) -Wl,--as-needed -Wl,-z,relro -Wl,-z,now \
	-Wl,-z,noexecstack $(SAN_FLAGS) $(LDFLAGS)
ALL_LIBS = $(PKG_LIBS) $(LDLIBS)
HELPER_CFLAGS = -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread -g -O2 $(WARN)

# ---- build ----------------------------------------------------------------------------------
.PHONY: all
all: $(LIB) $(if $(wildcard src/main.c),$(BIN)) ## build the command (default)

.PHONY: packages
packages:
	@if [ -n "$(strip $(MISSING))" ]; then \
		echo "mmreap: to build it, these are missing: $(strip $(MISSING))" >&2; \
		echo "mmreap: on Debian, 'make deps' as root installs them" >&2; \
		exit 1; \
	fi

# Rebuild when the compiler or a flag changes: the stamp is only touched when its text differs.
FLAGS_TEXT = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(ALL_LIBS) | $(HELPER_CFLAGS)
.PHONY: FORCE
FORCE:
$(B)/flags: FORCE | packages
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The names that the linker would write into the command.
SONAMES := $(B)/gen/late/sonames.h
$(SONAMES): $(B)/flags
	@mkdir -p $(@D)
	@for lib in $(LATE); do \
		name=$${lib#lib}; \
		echo 'int main(void) { return 0; }' | $(CC) $(LDFLAGS) -x c -o $@.probe - \
			-Wl,--no-as-needed $$($(PKG_CONFIG) --libs $$lib) || exit 1; \
		soname=$$($(READELF) -d $@.probe | sed -n "s/.*(NEEDED).*\\[\\(lib$$name\\.so.*\\)\\]/\\1/p"); \
		[ -n "$$soname" ] || { echo "lib$$name has no soname" >&2; exit 1; }; \
		echo "#define LATE_SONAME_$$(echo $$name | tr a-z A-Z) \"$$soname\""; \
	done >$@.new
	@rm -f $@.probe && mv $@.new $@
$(filter %_late.o,$(OBJ)): $(SONAMES)
check-static: | $(SONAMES)

$(B)/obj/%.o: src/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The list of members is part of the stamp, so that a deleted source leaves the archive too.
$(B)/members: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(LIB_OBJ) >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(LIB): $(LIB_OBJ) $(B)/members | packages
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

$(BIN): $(B)/obj/main.o $(LIB)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter-out $(if $(APART),$(ASIDE)) $(EDGE),$(OBJ)) \
		$(EDGE) $(if $(APART),$(ASIDE)) $(ALL_LIBS)

# ---- tests ----------------------------------------------------------------------------------
$(B)/unit/%: tests/unit/%.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(LIB) $(ALL_LIBS)

$(H)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(HELPER_CFLAGS))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(HELPERS): $(H)/%: tests/helpers/%.c $(H)/flags
	$(CC) $(HELPER_CFLAGS) -MMD -MP -MF $@.d -o $@ $<

$(HELPERS_SO): $(H)/%.so: tests/helpers/preload/%.c $(H)/flags
	$(CC) $(HELPER_CFLAGS) -MMD -MP -MF $@.d -shared -fPIC -Wl,-z,now -o $@ $<

# Without a 32-bit C library there is no helper, and the tests that need it say so.
$(HELPERS_M32): $(H)/%: tests/helpers/m32/%.c $(H)/flags
	@if echo 'int main(void) { return 0; }' | $(CC) -m32 -x c -o $@ - 2>/dev/null; then \
		echo '$(CC) -m32 $(HELPER_CFLAGS) -o $@ $<'; \
		$(CC) -m32 $(HELPER_CFLAGS) -MMD -MP -MF $@.d -o $@ $<; \
	else \
		rm -f $@; echo "$@: not built, $(CC) has no -m32 here"; \
	fi

.PHONY: helpers
helpers: $(HELPERS) $(HELPERS_SO) $(HELPERS_M32)

# The thread sanitizer of older compilers cannot live with 32 bits of mmap randomness.
UNDER := $(if $(findstring thread,$(SAN)),setarch -R)
# In English, also where catalogues are installed.
ENV := LC_ALL=C.UTF-8 LANGUAGE= MMREAP='$(abspath $(BIN))' MMREAP_HELPERS='$(abspath $(H))' MMREAP_SAN='$(SAN)' \
	CC='$(CC)' MAKEFLAGS= MAKELEVEL=
TALLY := $(ENV) $(UNDER) tests/tally.sh $(RESULTS)
BATS := bats --tap --timing
RINGS := static unit cli live
ADD_UP := $(ENV) tests/tally.sh --sum

.PHONY: check check-static check-unit check-cli check-live check-san
check: ## all quick rings: static, unit, cli, live
	@rm -rf $(RESULTS)
	+@for r in $(RINGS); do $(MAKE) --no-print-directory check-$$r; done; $(ADD_UP) \
		$(RINGS:%=$(RESULTS)/%)

# For checkers that are run by hand; in the ring they come through the environment.
.PHONY: print-cppflags print-warn format
print-cppflags:
	@printf '%s\n' '$(subst ','\'',$(ALL_CPPFLAGS))'
print-warn:
	@printf '%s\n' '$(WARN)'

format: ## lay the C files out as .clang-format says
	clang-format -i $$(git ls-files '*.c' '*.h')

check-static: | packages ## warnings, purity, silence, direction, clang-tidy, cppcheck, shellcheck, format
	@STATIC_CPPFLAGS='$(subst ','\'',$(ALL_CPPFLAGS))' STATIC_WARN='$(WARN)' BPF_USED=$(BPF_USED) \
		$(TALLY) --quiet static tests/static/run.sh

check-unit: $(UNIT) $(REPLAY) ## pure functions against tables, and what fuzzers have found
	@$(TALLY) --quiet unit $(UNIT) $(REPLAY)

check-cli: all helpers ## the command line: options, refusals, output, statuses
	@$(TALLY) cli $(if $(wildcard tests/cli/*.bats),'$(BATS) tests/cli')

# A sanitizer looks for other things than rare races: what runs every path of the hold is enough.
LIVE := $(if $(SAN),$(wildcard $(patsubst %,tests/live/kill-%.bats,\
	errors frozen inject robust sharers states thaw user)),tests/live)

check-live: all helpers ## real victims on this kernel (as root, most of it)
	@$(TALLY) live $(if $(wildcard tests/live/*.bats),'$(BATS) $(LIVE)')

# What it comes to on two idle CPUs: a quarter of an hour.
.PHONY: check-faults
check-faults: all helpers ## each fault of each call, death at any moment, 100,000 reused numbers
	@FAULTS=full TALLY_LIMIT=14400 $(TALLY) faults \
		'$(BATS) tests/live/kill-faults.bats tests/live/kill-reuse.bats'

SAN_BUILDS := address,undefined thread
san_dir = $(BUILD)/san-$(subst $(comma),-,$(1))
SAN_RINGS ?= unit cli live
check-san: ## SAN_RINGS (unit cli live) with the address, undefined and thread sanitizers
	@rm -rf $(foreach s,$(SAN_BUILDS),$(call san_dir,$(s))/results)
	+@for s in $(SAN_BUILDS); do for r in $(SAN_RINGS); do \
		$(MAKE) --no-print-directory SAN=$$s check-$$r; done; done; $(ADD_UP) \
		$(foreach s,$(SAN_BUILDS),$(foreach r,$(SAN_RINGS),$(call san_dir,$(s))/results/$(r)))

.PHONY: deps demo
deps: ## install what building and testing needs (Debian, root or sudo)
	@.ci/deps

demo: all helpers ## kill -9, the naive sequence and mmreap side by side, on its own victims
	@$(ENV) tests/demo.sh

# ---- install --------------------------------------------------------------------------------
.PHONY: install install-bin uninstall uninstall-bin
install: install-bin ## install under DESTDIR and PREFIX (/usr/local)
install-bin: all
	install -d '$(DESTDIR)$(BINDIR)'
	install -m 755 $(BIN) '$(DESTDIR)$(BINDIR)/mmreap'

uninstall: uninstall-bin ## remove what install put there
uninstall-bin:
	rm -f '$(DESTDIR)$(BINDIR)/mmreap'

# ---- odds and ends --------------------------------------------------------------------------
.PHONY: clean dist help
clean: ## remove build/
	rm -rf $(BUILD)

dist: ## source archive of HEAD: build/mmreap-VERSION.tar.gz
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=mmreap-$(VERSION)/ HEAD | gzip -9n \
		>$(BUILD)/mmreap-$(VERSION).tar.gz

help: ## this list
	@echo 'make [TARGET]... [VARIABLE=VALUE]...'
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(filter-out %.d,$(MAKEFILE_LIST)) | expand -t 18
	@echo
	@echo 'Variables: CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR BPF=auto|yes|no STATIC=1 WERROR=1'
	@echo '           SAN=address,undefined or SAN=thread (own build directory)'

-include tests/vm/vm.mk
-include tests/bench/bench.mk
include tests/fuzz/fuzz.mk
include po/po.mk
-include man/man.mk
-include $(sort $(wildcard packaging/*.mk))
-include $(OBJ:.o=.d) $(UNIT:=.d) $(HELPERS:=.d) $(HELPERS_SO:=.d) $(HELPERS_M32:=.d)

endif
