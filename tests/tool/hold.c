/* SPDX-License-Identifier: BSD-2-Clause */
/* hold READER [transaction]: holds the card exclusively, or in a transaction, says so,
 * and lets it go at the end of standard input. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <winscard.h>

int main(int argc, char **argv)
{
	DWORD protocol;
	SCARDCONTEXT context;
	SCARDHANDLE card;

	bool shared = argc == 3 && strcmp(argv[2], "transaction") == 0;

	if ((argc != 2 && !shared) || SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS ||
	    SCardConnect(context, argv[1], shared ? SCARD_SHARE_SHARED : SCARD_SHARE_EXCLUSIVE,
	                 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol) != SCARD_S_SUCCESS ||
	    (shared && SCardBeginTransaction(card) != SCARD_S_SUCCESS))
		return 1;
	puts("held");
	fflush(stdout);
	while (getchar() != EOF)
		;
	if (shared)
		SCardEndTransaction(card, SCARD_LEAVE_CARD);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	SCardReleaseContext(context);
	return 0;
}
