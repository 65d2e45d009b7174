/* SPDX-License-Identifier: BSD-2-Clause */
/* hold READER: holds the card exclusively, says so, and lets it go at the end of
 * standard input. */
#include <stdio.h>
#include <winscard.h>

int main(int argc, char **argv)
{
	DWORD protocol;
	SCARDCONTEXT context;
	SCARDHANDLE card;

	if (argc != 2 || SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS ||
	    SCardConnect(context, argv[1], SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card,
	                 &protocol) != SCARD_S_SUCCESS)
		return 1;
	puts("held");
	fflush(stdout);
	while (getchar() != EOF)
		;
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	SCardReleaseContext(context);
	return 0;
}
