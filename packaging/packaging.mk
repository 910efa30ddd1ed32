# SPDX-License-Identifier: GPL-2.0-or-later
# The packages, made of the source archive of HEAD.

DIST := $(BUILD)/mmreap-$(VERSION).tar.gz

.PHONY: distcheck check-packages
distcheck: dist ## build, test, install and uninstall from the source archive
	@$(TALLY) distcheck 'packaging/check-dist.sh $(DIST)'

check-packages: dist ## distcheck, packages for Debian, RPM, Arch, and the musl build
	@$(TALLY) --quiet packages $(foreach c,$(sort $(wildcard packaging/check-*.sh)),'$(c) $(DIST)')
