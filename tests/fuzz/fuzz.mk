# SPDX-License-Identifier: GPL-2.0-or-later
#
# Harnesses for every parser, included by the Makefile. See tests/fuzz/README.md.

FUZZ ?=
FUZZ_SECONDS ?= 60
FUZZ_DIR := tests/fuzz
FUZZ_SRC := $(sort $(wildcard $(FUZZ_DIR)/*.c))
FUZZ_HARNESS := $(filter-out $(FUZZ_DIR)/replay.c,$(FUZZ_SRC))

# The replayer is part of the unit ring, with whatever compiler and sanitizer that has.
$(REPLAY): $(FUZZ_SRC) $(FUZZ_DIR)/fuzz.h $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(FUZZ_SRC) $(LIB) $(ALL_LIBS)

# The same sources with a fuzzer's main instead, in a build of its own: $(B) is another one here.
$(B)/fuzzer: $(FUZZ_HARNESS) $(FUZZ_DIR)/fuzz.h $(LIB) $(B)/flags
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FUZZER_FLAGS) -o $@ $(FUZZ_HARNESS) \
		$(LIB) $(ALL_LIBS)

.PHONY: fuzzer fuzz fuzz-afl fuzz-corpus deps-fuzz
fuzzer: $(B)/fuzzer

LIBFUZZER := $(MAKE) --no-print-directory fuzzer CC=clang BUILD=$(BUILD)/fuzz BPF=no \
	SAN=fuzzer-no-link,address,undefined FUZZER_FLAGS=-fsanitize=fuzzer
AFL := AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 $(MAKE) --no-print-directory fuzzer \
	CC=afl-clang-fast BUILD=$(BUILD)/afl BPF=no CFLAGS='-O1 -g' FUZZER_FLAGS=-fsanitize=fuzzer

fuzz: ## libFuzzer on every parser, or FUZZ=name, for FUZZ_SECONDS (60) each
	+@$(LIBFUZZER)
	@$(FUZZ_DIR)/run.sh libfuzzer $(BUILD)/fuzz '$(FUZZ)' $(FUZZ_SECONDS)

fuzz-afl: ## the same with AFL++ (make deps-fuzz installs it)
	+@$(AFL)
	@$(FUZZ_DIR)/run.sh afl $(BUILD)/afl '$(FUZZ)' $(FUZZ_SECONDS)

fuzz-corpus: ## add what both have found to tests/fuzz/corpus/, as few and as small as can be
	+@$(LIBFUZZER)
	@$(FUZZ_DIR)/run.sh corpus $(BUILD)/fuzz '$(FUZZ)' $(BUILD)/afl

deps-fuzz: ## install AFL++ (Debian, root)
	apt-get install -q -y --no-install-recommends afl++ clang
