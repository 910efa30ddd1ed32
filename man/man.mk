# SPDX-License-Identifier: GPL-2.0-or-later
# Manual pages and completions, installed and compared with the command.

MAN_PAGES := $(sort $(wildcard man/*.[1-9]))
# Where each shell looks for what belongs to packages and administrators.
BASH_COMPLETIONS ?= $(DATADIR)/bash-completion/completions
ZSH_COMPLETIONS ?= $(DATADIR)/zsh/site-functions
FISH_COMPLETIONS ?= $(DATADIR)/fish/vendor_completions.d

.PHONY: install-man uninstall-man install-completions uninstall-completions
install: install-man install-completions
install-man:
	set -e; for page in $(MAN_PAGES); do dir='$(DESTDIR)$(MANDIR)'/man$${page##*.}; \
		install -d "$$dir"; install -m 644 "$$page" "$$dir"; done

uninstall: uninstall-man uninstall-completions
uninstall-man:
	for page in $(MAN_PAGES); do \
		rm -f '$(DESTDIR)$(MANDIR)'/man$${page##*.}/$${page##*/}; done

install-completions:
	install -d '$(DESTDIR)$(BASH_COMPLETIONS)' '$(DESTDIR)$(ZSH_COMPLETIONS)' \
		'$(DESTDIR)$(FISH_COMPLETIONS)'
	install -m 644 completions/mmreap.bash '$(DESTDIR)$(BASH_COMPLETIONS)/mmreap'
	install -m 644 completions/_mmreap '$(DESTDIR)$(ZSH_COMPLETIONS)/_mmreap'
	install -m 644 completions/mmreap.fish '$(DESTDIR)$(FISH_COMPLETIONS)/mmreap.fish'

uninstall-completions:
	rm -f '$(DESTDIR)$(BASH_COMPLETIONS)/mmreap' '$(DESTDIR)$(ZSH_COMPLETIONS)/_mmreap' \
		'$(DESTDIR)$(FISH_COMPLETIONS)/mmreap.fish'

# ---- compared with the command --------------------------------------------------------------
RINGS += docs

$(B)/docs/words: tests/docs/words.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(LIB) $(ALL_LIBS)

.PHONY: check-docs
check-docs: all helpers $(B)/docs/words $(B)/docs/mmreap ## manuals, completions, catalogues and recipes against the command
	@DOCS_WORDS='$(abspath $(B)/docs/words)' DOCS_MMREAP='$(abspath $(B)/docs/mmreap)' \
		$(TALLY) --quiet docs $(sort $(wildcard tests/docs/check-*.sh)) \
		'$(BATS) tests/docs packaging/recipes'

-include $(B)/docs/words.d
