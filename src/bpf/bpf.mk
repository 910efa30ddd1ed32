# SPDX-License-Identifier: GPL-2.0-or-later
#
# The optional kernel-side part: BPF=auto takes it where clang, bpftool and libbpf are there, BPF=yes
# demands it, BPF=no leaves it out. The choice is between files: *_bpf.c or *_none.c.

BPF_CPPFLAGS = -DMMREAP_PARTS='"none"'
CLANG ?= clang
BPFTOOL ?= $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool))

ifneq ($(filter-out help clean deps dist uninstall,$(GOALS)),)
ifneq ($(BPF),no)
BPF_MISSING := $(shell command -v $(firstword $(CLANG)) >/dev/null || echo clang) \
	$(if $(BPFTOOL),,bpftool) \
	$(shell $(PKG_CONFIG) --exists 'libbpf >= 1.0' 2>/dev/null || echo libbpf-dev)
ifeq ($(strip $(BPF_MISSING)),)
BPF_USED := yes
BPF_CPPFLAGS = -isystem $(B)/bpf -DMMREAP_PARTS='"bpf"'
else ifeq ($(BPF),yes)
$(error BPF=yes, but these are missing: $(strip $(BPF_MISSING)))
endif
endif
endif

ifeq ($(BPF_USED),yes)
# The types of this machine's headers (asm/types.h) are found beside its own C library.
BPF_INCLUDE := $(patsubst %,-isystem %,$(wildcard /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)))

# The object ends up in the command: the same wherever it is built.
$(B)/bpf/%.bpf.o: src/bpf/%.bpf.c $(wildcard src/bpf/*.h)
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -ffile-prefix-map='$(CURDIR)'=. -Wall -Wno-unused-function -target bpf \
		$(BPF_INCLUDE) -c -o $@ $<

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf >$@

.SECONDARY: $(B)/bpf/mmreap.bpf.o
check-static: | $(B)/bpf/mmreap.skel.h
$(B)/obj/observe/kernelview_bpf.o: $(B)/bpf/mmreap.skel.h $(B)/gen/late/sonames.h
endif
