/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "authd/answer.h"

const char *const field_names[FIELDS] = {
	[FIELD_USER] = "Remote-User",         [FIELD_NAME] = "Remote-Name",
	[FIELD_GROUPS] = "Remote-Groups",     [FIELD_PROFILE] = "Inkan-Profile",
	[FIELD_ROLES] = "Inkan-Roles",        [FIELD_STATUS] = "Inkan-Status",
	[FIELD_AS_OF] = "Inkan-Status-As-Of", [FIELD_CERTIFICATE] = "Inkan-Certificate",
	[FIELD_TEST] = "Inkan-Test",
};

/* Texts that several reasons share. */
#define UNTRUSTED_EN "Your card's certificate was not issued by an authority that this site trusts. "
#define UNTRUSTED_JA "カードの証明書が、このサイトの信頼する認証局から発行されたものではありません。"
#define OPERATOR_EN "Tell the site's help desk the number below."
#define OPERATOR_JA "下の番号をサイトの窓口にお伝えください。"
#define UNREADABLE_EN "The certificate did not arrive as it should have. " OPERATOR_EN
#define UNREADABLE_JA "証明書を正しく受け取れませんでした。" OPERATOR_JA
#define DEFECT_EN \
	"Your card's certificate does not meet the rules for signing in. Choose the authentication certificate " \
	"of your card; if you did, ask the registration authority that issued it."
#define DEFECT_JA \
	"この証明書はログインの条件を満たしていません。カードの認証用（利用者証明用）電子証明書を選んでください。選んでいた場合は、カードを発行した登録局にお問い合わせください。"
#define LISTS_EN \
	"Whether your card has been revoked cannot be found out at the moment. This is no fault of yours or of " \
	"your card. Try again later; if it stays so, tell the site's help desk the number below."
#define LISTS_JA \
	"カードの証明書が失効していないかどうかを、現在確認できません。カードの不具合ではありません。しばらくしてからもう一度お試しになり、続くようでしたら、下の番号をサイトの窓口にお伝えください。"

/* Both languages side by side and no gettext: one process answers people of both, and gettext's language is the
 * process's. */
static const struct reason reasons[] = {
	{"internal", 503, "The site cannot decide at the moment. Try again in a minute.",
         "現在、判定ができません。しばらくしてからもう一度お試しください。"},
	{"accepted", 200, "", ""},
	{"no-certificate", 401,
         "No card was presented. Put your card into the reader, close all windows of the browser, open this "
         "page again, and choose the certificate of your card.",
         "カードの証明書が提示されませんでした。カードをリーダーに入れ、ブラウザーのウィンドウをすべて閉じてから、もう一度このページを開き、カードの証明書を選んでください。"},
	{"no-rule", 403, "This page is not set up for cards. " OPERATOR_EN,
         "このページには、カードによる利用条件が設定されていません。" OPERATOR_JA},
	{"malformed", 403, UNREADABLE_EN, UNREADABLE_JA},
	{"too-long", 403, UNREADABLE_EN, UNREADABLE_JA},
	{"twice", 403, UNREADABLE_EN, UNREADABLE_JA},
	{"bad-request", 400, "The request did not arrive as it should have. " OPERATOR_EN,
         "要求を正しく受け取れませんでした。" OPERATOR_JA},
	{"wrong-origin", 403, "This address is not set up for signing in with a card. " OPERATOR_EN,
         "このアドレスは、カードによるログイン用に設定されていません。" OPERATOR_JA},
	{"no-challenge", 403, "Signing in took too long, or was begun in another window. Try again.",
         "ログインに時間がかかりすぎたか、別のウィンドウでログインが始められました。もう一度お試しください。"},
	{"bad-token", 403, "The card's signature does not belong to this page. Try again. " OPERATOR_EN,
         "カードの署名が、このページでのログインのものではありません。もう一度お試しください。" OPERATOR_JA},
	{"wrong-profile", 403,
         "This page is for cards of another kind. Close all windows of the browser, and open it again with the "
         "right one: the HPKI card for the health professions, the My Number Card for patients.",
         "このページでは、別の種類のカードが必要です。医療従事者の方はHPKI カード、患者の方はマイナンバーカードの利用者証明用電子証明書をお使いください。"
         "ブラウザーのウィンドウをすべて閉じてから、開き直してください。"},
	{"no-issuer", 403, UNTRUSTED_EN OPERATOR_EN, UNTRUSTED_JA OPERATOR_JA},
	{"no-anchor", 403, UNTRUSTED_EN OPERATOR_EN, UNTRUSTED_JA OPERATOR_JA},
	{"signature", 403, UNTRUSTED_EN OPERATOR_EN, UNTRUSTED_JA OPERATOR_JA},
	{"ca", 403, UNTRUSTED_EN OPERATOR_EN, UNTRUSTED_JA OPERATOR_JA},
	{"critical-extension", 403, DEFECT_EN, DEFECT_JA},
	{"is-ca", 403, DEFECT_EN, DEFECT_JA},
	{"policy", 403, DEFECT_EN, DEFECT_JA},
	{"usage", 403, DEFECT_EN, DEFECT_JA},
	{"revoked", 403, "Your card has been revoked. Ask the registration authority that issued it.",
         "カードの証明書は失効しています。カードを発行した登録局にお問い合わせください。"},
	{"on-hold", 403, "Your card is suspended for the time being. Ask the registration authority that issued it.",
         "カードの証明書は一時停止されています。カードを発行した登録局にお問い合わせください。"},
	{"invalid", 403, "Your card has been revoked. Ask the registration authority that issued it.",
         "カードの証明書は失効しています。カードを発行した登録局にお問い合わせください。"},
	{"not-yet-valid", 403, "Your card is not valid yet. Try again when its validity has begun.",
         "カードの証明書は、まだ有効期間に入っていません。有効期間が始まってからお使いください。"},
	{"expired", 403, "Your card has expired. Ask the registration authority that issued it for a new one.",
         "カードの証明書の有効期限が切れています。カードを発行した登録局で更新してください。"},
	{"test-certificate", 403, "This is a test card. It is not admitted here: use your own card.",
         "これは試験用のカードです。ここでは使えません。ご本人のカードをお使いください。"},
	{"status-unknown", 403, LISTS_EN, LISTS_JA},
	{"status-stale", 403, LISTS_EN, LISTS_JA},
	{"roles-malformed", 403,
         "The licence on your card cannot be read. Ask the registration authority that issued the card.",
         "カードに記された資格（hcRole）を読み取れません。カードを発行した登録局にお問い合わせください。"},
	{"role", 403,
         "This page is for other health professions than the one that your card states. If that is wrong, ask "
         "the site's help desk and tell them the number below.",
         "このページは、カードに記された資格の方には開かれていません。お心当たりのない場合は、下の番号をサイトの窓口にお伝えください。"},
};

_Static_assert(sizeof reasons / sizeof *reasons <= REASONS_MAX, "counters have room for every reason");

size_t reason_count(void)
{
	return sizeof reasons / sizeof *reasons;
}

const struct reason *reason_at(size_t i)
{
	return &reasons[i];
}

const struct reason *reason_of(const char *word)
{
	for (size_t i = 0; i < reason_count(); i++)
		if (strcmp(reasons[i].word, word) == 0)
			return &reasons[i];
	return &reasons[0];
}

size_t reason_index(const struct reason *reason)
{
	return (size_t)(reason - reasons);
}

/* The weight of a language in thousandths; -1: not named. */
static int weight_of(const char *list, const char *language)
{
	size_t n = strlen(language);
	int weight = -1;

	for (const char *p = list; *p && weight < 0; p += strcspn(p, ","), p += *p == ',') {
		const char *q;

		p += strspn(p, " \t");
		if (strncasecmp(p, language, n) != 0 || !strchr("-,; \t", p[n]))
			continue;
		q = p + strcspn(p, ",;");
		q += strspn(q, "; \t");
		weight = 1000;
		if (strncasecmp(q, "q=0", 3) == 0) /* 0.7, 0.75: as a number of thousandths */
			weight = q[3] == '.' ? (int)(strtod(q + 2, NULL) * 1000) : 0;
	}
	return weight;
}

bool prefers_japanese(const char *accept_language)
{
	int ja, en;

	if (!accept_language)
		return true;
	ja = weight_of(accept_language, "ja");
	en = weight_of(accept_language, "en");
	if (ja == en && ja > 0) /* named alike: the first is meant */
		return strcasestr(accept_language, "ja") < strcasestr(accept_language, "en");
	return ja > en || en < 0;
}

char *page_text(const struct reason *reason, bool japanese, const char *request_id)
{
	const char *title = japanese ? "ログインできません" : "You cannot sign in";
	char *page = NULL;
	int n = asprintf(&page,
	                 "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
	                 "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
	                 "<style>body{font:1.1em/1.7 sans-serif;max-width:34em;margin:3em auto;padding:0 1em}"
	                 "h1{font-size:1.4em}p.n{color:#555;font-size:.85em}</style>\n</head>\n"
	                 "<body>\n<h1>%s</h1>\n<p>%s</p>\n<p class=\"n\">%s %s (%s)</p>\n</body>\n</html>\n",
	                 japanese ? "ja" : "en", title, title, japanese ? reason->ja : reason->en,
	                 japanese ? "お問い合わせ番号:" : "Number for the help desk:", request_id, reason->word);

	return n < 0 ? NULL : page;
}
