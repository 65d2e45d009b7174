# SPDX-License-Identifier: BSD-2-Clause
# Translations by msgfmt alone; without it the programs speak English.
# make po/inkan.pot collects the texts, make update-po brings the translations up to them.
PO_FILES = po/ja.po
EXTRA_DIST += $(PO_FILES)

if MSGFMT_FOUND
jamodir = $(localedir)/ja/LC_MESSAGES
nodist_jamo_DATA = po/ja/inkan.mo
po/ja/inkan.mo: po/ja.po
	$(AM_V_GEN)$(MKDIR_P) po/ja && $(MSGFMT) --check -o $@ $(srcdir)/po/ja.po
CLEANFILES += po/ja/inkan.mo
endif

CLEANFILES += po/inkan.pot
po/inkan.pot:
	$(AM_V_GEN)$(MKDIR_P) po && out=$$PWD/$@ && cd $(srcdir) && find src cards -name '*.c' | sort | \
	$(XGETTEXT) --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 \
	  --flag=_:1:pass-c-format --flag=N_:1:pass-c-format --flag=P_:1:pass-c-format --flag=P_:2:pass-c-format \
	  --flag=complain:1:c-format --flag=advise:1:c-format --flag=put_field:2:c-format \
	  --package-name=$(PACKAGE_NAME) --add-comments=TRANSLATORS --files-from=- --output=$$out

update-po: po/inkan.pot
	for po in $(PO_FILES); do \
	  msgmerge --update --backup=none --no-wrap --no-location --previous $(srcdir)/$$po po/inkan.pot && \
	  msgattrib --no-obsolete --no-wrap -o $(srcdir)/$$po $(srcdir)/$$po || exit 1; done
.PHONY: po/inkan.pot update-po
