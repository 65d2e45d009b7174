/* SPDX-License-Identifier: BSD-2-Clause */
/* A PC/SC client for test_vcard_pcscd.sh: a JPKI card in the first reader, an
 * HPKI card in the second. What pcscd and the reader driver make of resets,
 * power, long commands and a card that goes. INKAN_VCARD names inkan-vcard. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>
#include <reader.h>

static struct {
	SCARDCONTEXT context;
	SCARDHANDLE card;
	char readers[2][MAX_READERNAME];
	BYTE answer[4096];
	DWORD len;
	int failures;
} t;

static void check(int ok, const char *what)
{
	if (!ok) {
		printf("FAILED: %s\n", what);
		t.failures++;
	}
}

static LONG transmit(const char *hex)
{
	BYTE apdu[512];
	DWORD n = 0;

	for (; hex[0]; hex += 2) {
		char pair[3] = {hex[0], hex[1], 0};
		apdu[n++] = (BYTE)strtoul(pair, NULL, 16);
	}
	t.len = sizeof t.answer;
	return SCardTransmit(t.card, SCARD_PCI_T1, apdu, n, NULL, t.answer, &t.len);
}

/* The status word; 0 when there is none. */
static unsigned command(const char *hex)
{
	if (transmit(hex) != SCARD_S_SUCCESS || t.len < 2)
		return 0;
	return (unsigned)t.answer[t.len - 2] << 8 | t.answer[t.len - 1];
}

static int control(const char *words)
{
	char line[1024];

	snprintf(line, sizeof line, "\"$INKAN_VCARD\" --send '%s' >/dev/null", words);
	return system(line) == 0;
}

static void connect_to(size_t i)
{
	DWORD protocol;
	LONG rv = SCardConnect(t.context, t.readers[i], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &t.card, &protocol);

	check(rv == SCARD_S_SUCCESS, "SCardConnect");
}

static void reconnect(DWORD initialization)
{
	DWORD protocol;
	LONG rv = SCardReconnect(t.card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, initialization, &protocol);

	check(rv == SCARD_S_SUCCESS, "SCardReconnect");
}

#define SELECT_JPKI "00A4040C0AD392F000260100000001"

static unsigned sign(void)
{
	return command(SELECT_JPKI) == 0x9000 ? command("802A009705010203040500") : 1;
}

static void test_resets(void)
{
	connect_to(0);
	check(command(SELECT_JPKI) == 0x9000, "SELECT");
	check(command("00A4020C020018") == 0x9000, "SELECT of the PIN");
	check(command("002000800431323334") == 0x9000, "VERIFY");
	check(sign() == 0x9000 && t.len == 258, "a signature");
	reconnect(SCARD_LEAVE_CARD);
	check(sign() == 0x9000, "a signature after a reconnection");
	reconnect(SCARD_RESET_CARD);
	check(command("00B08A0000") == 0x6A82, "no application after a warm reset");
	check(sign() == 0x9000, "JPKI's VERIFY outlives a warm reset");
	reconnect(SCARD_UNPOWER_CARD);
	check(sign() == 0x6982, "JPKI's VERIFY does not outlive the power");
	SCardDisconnect(t.card, SCARD_LEAVE_CARD);
}

static void test_attributes(void)
{
	BYTE value[64];
	DWORD n = sizeof value;

	connect_to(0);
	check(SCardGetAttrib(t.card, SCARD_ATTR_ATR_STRING, value, &n) == SCARD_S_SUCCESS && n == 9, "the ATR");
	n = sizeof value;
	check(SCardGetAttrib(t.card, SCARD_ATTR_VENDOR_NAME, value, &n) == SCARD_S_SUCCESS &&
	              !strcmp((char *)value, "Inkan"),
	      "the vendor");
	n = 99;
	check(SCardControl(t.card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, value, sizeof value, &n) ==
	                      SCARD_S_SUCCESS &&
	              n == 0,
	      "no features");
	check(SCardControl(t.card, SCARD_CTL_CODE(1), NULL, 0, value, sizeof value, &n) != SCARD_S_SUCCESS,
	      "an unknown control code");
	SCardDisconnect(t.card, SCARD_LEAVE_CARD);
}

static void test_long_commands(void)
{
	connect_to(1);
	check(command("00A4040C10E828BD080FA000000391000000000002") == 0x9000, "SELECT of HPKI");
	check(command("00A4020C020016") == 0x9000, "SELECT of the certificate");
	check(command("00B00000000000") == 0x9000 && t.len == 2048 + 2, "extended READ BINARY");
	check(command("00B00000000400") == 0x9000 && t.len == 1024 + 2, "READ BINARY of 1024 bytes");
	SCardDisconnect(t.card, SCARD_LEAVE_CARD);
}

/* Waits until the reader's state has that bit; milliseconds, or -1. */
static long wait_for(size_t i, DWORD bit)
{
	SCARD_READERSTATE state = {.szReader = t.readers[i]};
	struct timespec a, b;
	LONG rv = SCARD_S_SUCCESS;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		state.dwCurrentState = state.dwEventState;
		rv = SCardGetStatusChange(t.context, 3000, &state, 1);
	} while (rv == SCARD_S_SUCCESS && !(state.dwEventState & bit));
	clock_gettime(CLOCK_MONOTONIC, &b);
	return rv == SCARD_S_SUCCESS ? (long)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 : -1;
}

static void test_a_card_that_goes(void)
{
	LONG rv;
	long ms;

	connect_to(0);
	check(control("fault 1 1 pull"), "the order of a fault");
	rv = transmit(SELECT_JPKI);
	check(rv != SCARD_S_SUCCESS || t.len < 2, "no answer of a card that was pulled");
	check(wait_for(0, SCARD_STATE_EMPTY) >= 0, "pcscd notices a card that was pulled");
	check(transmit(SELECT_JPKI) == SCARD_W_REMOVED_CARD, "a command after that");
	SCardDisconnect(t.card, SCARD_LEAVE_CARD);
	check(system("(sleep 0.3; \"$INKAN_VCARD\" --send 'insert 1' >/dev/null) &") == 0, "an insertion");
	ms = wait_for(0, SCARD_STATE_PRESENT);
	check(ms >= 200 && ms < 1500, "pcscd notices an insertion soon");
	check(control("list"), "the control socket");
	connect_to(0);
	check(command(SELECT_JPKI) == 0x9000, "SELECT of the card that came back");
	check(control("insert 1 --card jpki --name \"HANAKO SAMPLE\""), "an exchange");
	check(transmit(SELECT_JPKI) == SCARD_W_REMOVED_CARD || t.len < 2, "a handle on the card before");
	SCardDisconnect(t.card, SCARD_LEAVE_CARD);
}

int main(void)
{
	char names[2048] = {0}, *name = names;
	DWORD n = sizeof names;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &t.context) != SCARD_S_SUCCESS ||
	    SCardListReaders(t.context, NULL, names, &n) != SCARD_S_SUCCESS)
		return 1;
	for (size_t i = 0; i < 2 && *name; i++, name += strlen(name) + 1)
		snprintf(t.readers[i], sizeof t.readers[i], "%s", name);
	test_resets();
	test_attributes();
	test_long_commands();
	test_a_card_that_goes();
	SCardReleaseContext(t.context);
	return t.failures ? 1 : 0;
}
