# SPDX-License-Identifier: GPL-2.0-or-later
# Catalogues of messages. A build without msgfmt has none, and speaks English.

LINGUAS := $(sort $(patsubst po/%.po,%,$(wildcard po/*.po)))
MSGFMT := $(shell command -v msgfmt)
# Where they lie under LOCALEDIR they lie in the build directory too: the tests read them there.
MO := $(if $(MSGFMT),$(LINGUAS:%=%/LC_MESSAGES/mmreap.mo))

# What takes a message, and which argument it is.
FORMATS := cli_fail:2 fail:3 print_item:3 print_line:3 report_error:3 report_say:1 sentence_say:2 TELL:2
COUNTS := report_say_count:2,3 sentence_count:3,4 words_many:2,3
XGETTEXT := xgettext --language=C --from-code=UTF-8 --add-comments=TRANSLATORS --sort-output \
	--add-location=file --package-name=mmreap --package-version=$(VERSION) \
	--msgid-bugs-address=https://example.org/mmreap \
	--copyright-holder='the mmreap contributors' --keyword --keyword=N_ --keyword=words_one:2 \
	$(addprefix --keyword=,$(FORMATS) $(COUNTS)) --flag=words_one:2:pass-c-format \
	$(patsubst %,--flag=%:c-format,$(FORMATS) $(foreach c,$(COUNTS),\
	$(firstword $(subst $(comma), ,$(c))) \
	$(firstword $(subst :, ,$(c))):$(lastword $(subst $(comma), ,$(c)))))

POT := po/mmreap.pot
.PHONY: pot update-po po install-po uninstall-po
all: po
po: $(MO:%=$(B)/po/%)
	@[ -n '$(MSGFMT)' ] || echo 'mmreap: no msgfmt (gettext): messages stay English'

$(B)/po/%/LC_MESSAGES/mmreap.mo: po/%.po
	@mkdir -p $(@D)
	$(MSGFMT) --check -o $@ $<

pot: ## po/mmreap.pot, the messages to translate
	$(XGETTEXT) -o $(POT).new $$(find src include -name '*.[ch]' | sort)
	@{ echo '# SPDX-License-Identifier: GPL-2.0-or-later'; cat $(POT).new; } >$(POT)
	@rm $(POT).new

update-po: pot ## bring the catalogues up to date with the messages
	for po in $(LINGUAS); do \
		msgmerge --quiet --update --backup=none --sort-output --add-location=file \
			po/$$po.po $(POT) && \
		msgattrib --no-obsolete --sort-output --add-location=file -o po/$$po.po po/$$po.po; done

install: install-po
install-po: po
	set -e; for mo in $(MO); do install -d "$$(dirname '$(DESTDIR)$(LOCALEDIR)'/$$mo)"; \
		install -m 644 $(B)/po/$$mo '$(DESTDIR)$(LOCALEDIR)'/$$mo; done

uninstall: uninstall-po
uninstall-po:
	for l in $(LINGUAS); do rm -f '$(DESTDIR)$(LOCALEDIR)'/$$l/LC_MESSAGES/mmreap.mo; done

# The same command, but for where it looks for catalogues.
$(B)/docs/mmreap: $(B)/obj/main.o src/report/words.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -UMMREAP_LOCALEDIR -DMMREAP_LOCALEDIR='"$(abspath $(B)/po)"' \
		$(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.c %.a,$^) $(ALL_LIBS)
