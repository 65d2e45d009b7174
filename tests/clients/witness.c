/* SPDX-License-Identifier: BSD-2-Clause */
/* Another program on the same machine: holds the card open, so that pcscd never
 * powers it off, until its standard input ends; then tries to sign without a
 * PIN. Its commands are those of the cards' specifications, not the driver's.
 * Exit status: 0 every try was refused, 1 the card signed, 2 it could not try. */
#include <stdio.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>

struct command {
	const char *name;
	const char *hex;
	size_t block; /* so many bytes of padding block or DigestInfo follow the header */
	int must_fail;
};

#define HPKI_AUTH "00A4040010E828BD080FA00000039100000000000200"
#define HPKI_SIGN "00A4040010E828BD080FA00000039100000000000100"
#define JPKI "00A404000AD392F000260100000001"

/* First in the state that the last program left, then in each application. */
static const struct command hpki[] = {
	{"counter as found", "00200088", 0, 1},
	{"sign as found", "002A9E9A000100", 256, 1},
	{"select authentication", HPKI_AUTH, 0, 0},
	{"set key", "002241B6048402000C", 0, 0},
	{"sign", "002A9E9A000100", 256, 1},
	{"select signature", HPKI_SIGN, 0, 0},
	{"set key", "002241B6048402000C", 0, 0},
	{"sign", "002A9E9A000100", 256, 1},
	{NULL, NULL, 0, 0},
};

static const struct command jpki[] = {
	{"authentication key as found", "00A4020C020017", 0, 0},
	{"sign as found", "802A0080", 51, 1},
	{"signature key as found", "00A4020C02001A", 0, 0},
	{"sign as found", "802A0080", 51, 1},
	{"select", JPKI, 0, 0},
	{"authentication key", "00A4020C020017", 0, 0},
	{"sign", "802A0080", 51, 1},
	{"signature key", "00A4020C02001A", 0, 0},
	{"sign", "802A0080", 51, 1},
	{NULL, NULL, 0, 0},
};

/* A well-formed DigestInfo, or an encoded message of PKCS#1 v1.5 around it. */
static size_t put_block(uint8_t *out, size_t n)
{
	static const uint8_t digest_info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                                        0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	memset(out, 0xFF, n);
	memcpy(out + n - sizeof digest_info, digest_info, sizeof digest_info);
	if (n > sizeof digest_info) {
		out[0] = 0;
		out[1] = 1;
		out[n - sizeof digest_info - 1] = 0;
	}
	return n;
}

static size_t put_command(const struct command *c, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	for (const char *p = c->hex; sscanf(p, "%2x", &byte) == 1; p += 2)
		out[n++] = (uint8_t)byte;
	if (c->block == 0)
		return n;
	if (c->block < 256)
		out[n++] = (uint8_t)c->block;
	n += put_block(out + n, c->block);
	out[n++] = 0; /* Le; two bytes in the extended form */
	if (c->block >= 256)
		out[n++] = 0;
	return n;
}

/* 0 when no answer came. */
static unsigned transmit(SCARDHANDLE *card, const uint8_t *apdu, size_t n)
{
	uint8_t answer[512];
	DWORD len = sizeof answer, protocol;
	LONG r = SCardTransmit(*card, SCARD_PCI_T1, apdu, n, NULL, answer, &len);

	if (r == SCARD_W_RESET_CARD) { /* somebody reset it: that locks it too */
		SCardReconnect(*card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD, &protocol);
		len = sizeof answer;
		r = SCardTransmit(*card, SCARD_PCI_T1, apdu, n, NULL, answer, &len);
	}
	if (r != SCARD_S_SUCCESS || len < 2)
		return 0;
	return (unsigned)answer[len - 2] << 8 | answer[len - 1];
}

static int try_all(SCARDHANDLE *card, const struct command *list)
{
	int signed_something = 0;
	uint8_t apdu[300];

	printf("witness, without a PIN:");
	for (const struct command *c = list; c->name != NULL; c++) {
		unsigned sw = transmit(card, apdu, put_command(c, apdu));

		if (!c->must_fail)
			continue;
		printf(" %s %04X;", c->name, sw);
		if (sw == 0x9000 || sw >> 8 == 0x61)
			signed_something = 1;
		if (sw == 0)
			return 2;
	}
	printf(" %s\n", signed_something ? "THE CARD WAS LEFT UNLOCKED" : "refused");
	return signed_something;
}

/* By its number; the names stand one behind the other. */
static const char *find_reader(const char *readers, const char *number)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "Virtual Reader %s ", number);
	for (const char *name = readers; *name != '\0'; name += strlen(name) + 1)
		if (strstr(name, wanted) != NULL)
			return name;
	return NULL;
}

/* A card that was put in just now is there when pcscd has seen it. */
static LONG connect_card(SCARDCONTEXT context, const char *reader, SCARDHANDLE *card)
{
	DWORD protocol;
	LONG r;

	for (int i = 0; i < 60; i++) {
		r = SCardConnect(context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, card, &protocol);
		if (r == SCARD_S_SUCCESS)
			break;
		poll(NULL, 0, 50);
	}
	return r;
}

static void wait_for_end_of_input(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
}

int main(int argc, char **argv)
{
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD len;
	char readers[1024];
	const char *reader;
	int result;

	if (argc != 3 || (strcmp(argv[1], "hpki") != 0 && strcmp(argv[1], "jpki") != 0)) {
		fprintf(stderr, "usage: witness hpki|jpki NUMBER-OF-READER\n");
		return 2;
	}
	len = sizeof readers;
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS ||
	    SCardListReaders(context, NULL, readers, &len) != SCARD_S_SUCCESS ||
	    (reader = find_reader(readers, argv[2])) == NULL || connect_card(context, reader, &card) != SCARD_S_SUCCESS) {
		fprintf(stderr, "witness: no card\n");
		return 2;
	}
	printf("watching %s\n", reader);
	fflush(stdout);
	wait_for_end_of_input();
	result = try_all(&card, strcmp(argv[1], "hpki") == 0 ? hpki : jpki);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	SCardReleaseContext(context);
	return result;
}
