/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person sees is marked for gettext: _() where it is shown, N_() in tables. */
#ifndef INKAN_BASE_I18N_H
#define INKAN_BASE_I18N_H

#include <libintl.h>

#define INKAN_DOMAIN "inkan"
#define _(text) dgettext(INKAN_DOMAIN, text)
#define N_(text) text

#endif
