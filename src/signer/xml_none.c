/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of the files that need libxml2 and xmlsec: configured --without-xmlsec. */
#include "config.h"
#include <stdio.h>
#include "base/i18n.h"
#include "signer/document.h"
#include "signer/signer.h"

static enum error refuse(struct signer *s)
{
	snprintf(s->why, sizeof s->why, "%s", _("This build of Inkan has no XML signatures (--without-xmlsec)."));
	return E_FORMAT;
}

enum error xades_check(const struct check_input *in, struct document *out)
{
	(void)in;
	(void)out;
	return E_UNSUPPORTED;
}

enum error prescription_sign(struct signer *s, struct bytes in, struct buf *out)
{
	(void)in;
	(void)out;
	return refuse(s);
}

enum error prescription_csv(struct bytes document, struct buf *csv)
{
	(void)document;
	(void)csv;
	return E_FORMAT;
}

enum error dispensing_sign(struct signer *s, struct bytes prescription, struct bytes csv, struct buf *out)
{
	(void)prescription;
	(void)csv;
	(void)out;
	return refuse(s);
}

enum error xades_sign_enveloped(struct signer *s, struct bytes in, struct buf *out)
{
	(void)in;
	(void)out;
	return refuse(s);
}

enum error xades_sign_detached(struct signer *s, const struct inkan_part *files, size_t n, struct buf *out)
{
	(void)files;
	(void)n;
	(void)out;
	return refuse(s);
}
