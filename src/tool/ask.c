/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "ask.h"
#include "say.h"

static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

#define N_SIGNALS (sizeof signals / sizeof *signals)

static volatile sig_atomic_t caught; /* during a question: the signal that ended it */

static void note_signal(int number)
{
	caught = number;
}

/* What held before the question. */
struct before {
	struct sigaction actions[N_SIGNALS];
	sigset_t mask;
	struct termios termios;
};

/* Blocked but for the wait in read_line, so that none is missed just before it. */
static void catch_signals(struct before *before)
{
	struct sigaction action = {.sa_handler = note_signal};
	sigset_t set;

	caught = 0;
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i], NULL, &before->actions[i]);
		if (before->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

/* A signal that came in the meantime does now what it does. */
static void release_signals(const struct before *before)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	if (caught)
		raise(caught);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* Byte by byte, so that nothing of the line stays in a buffer of stdio's and
 * the next line is there for the next question. */
static enum error read_line(int fd, const sigset_t *mask, struct secret *line)
{
	struct pollfd poll = {.fd = fd, .events = POLLIN};
	enum error e = E_OK;
	size_t n = 0;

	for (;;) {
		uint8_t byte;
		ssize_t got;

		if (mask && ppoll(&poll, 1, NULL, mask) < 0 && caught)
			return E_CANCELLED;
		got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return E_IO;
		if (got == 0)
			return n > 0 ? e : E_CANCELLED;
		if (byte == '\n')
			return e;
		if (secret_append(line, byte) != E_OK)
			e = E_PIN_LENGTH;
		mem_wipe(&byte, 1);
		n++;
	}
}

static void put_prompt(int fd, const char *prompt)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	put_text(f, prompt);
	if (fclose(f) == 0 && write(fd, text, n) != (ssize_t)n)
		log_info("write: the prompt was not shown");
	free(text);
}

/* Where the cursor stands after a question that got no answer. */
static void put_line_end(int fd)
{
	if (write(fd, "\n", 1) != 1)
		log_info("write: the terminal takes nothing");
}

static enum error ask_once(int tty, const char *prompt, struct secret *line)
{
	struct before before;
	struct termios hidden;
	enum error e = E_IO;

	if (tcgetattr(tty, &before.termios) != 0)
		return E_IO;
	hidden = before.termios;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ICANON | ISIG | ECHONL;
	catch_signals(&before);
	if (tcsetattr(tty, TCSAFLUSH, &hidden) == 0) {
		put_prompt(tty, prompt);
		e = read_line(tty, &before.mask, line);
		if (e == E_CANCELLED)
			put_line_end(tty);
	}
	tcsetattr(tty, TCSAFLUSH, &before.termios);
	release_signals(&before);
	return e;
}

/* Suspended and continued, the question is asked again. */
static enum error ask_terminal(const char *prompt, struct secret **line)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum error e = E_IO;

	if (tty < 0)
		return E_IO;
	do {
		secret_free(line);
		e = secret_new(line, NULL, 0);
		if (e == E_OK)
			e = ask_once(tty, prompt, *line);
	} while (e == E_CANCELLED && caught == SIGTSTP);
	close(tty);
	return e;
}

enum error ask_pin(const char *prompt, struct secret **pin)
{
	enum error e = secret_new(pin, NULL, 0);

	if (e != E_OK)
		return e;
	caught = 0;
	e = isatty(STDIN_FILENO) ? ask_terminal(prompt, pin) : read_line(STDIN_FILENO, NULL, *pin);
	if (e != E_OK)
		secret_free(pin);
	return e;
}

enum error ask_pin_fd(int fd, struct secret **pin)
{
	enum error e = secret_new(pin, NULL, 0);

	if (e == E_OK)
		e = read_line(fd, NULL, *pin);
	if (e != E_OK)
		secret_free(pin);
	return e;
}

char *pin_form_text(const struct pin_profile *rule)
{
	const char *what = rule->alphabet == PIN_DIGITS        ? _("digits")
	                   : rule->alphabet == PIN_UPPER_ALNUM ? _("letters and digits")
	                                                       : _("characters");
	char *text = NULL;
	int n = rule->min == rule->max ? asprintf(&text, _("%d %s"), rule->min, what)
	                               : asprintf(&text, _("%d to %d %s"), rule->min, rule->max, what);

	return n < 0 ? NULL : text;
}

static char *prompt_text(const struct card *card, enum question question)
{
	char *form = pin_form_text(&card->pin.rule), *tries = tries_text(card->pin.tries), *prompt = NULL;
	const char *name = token_text(card->profile);
	int n = -1;

	if (!form || !tries)
		goto out;
	if (question == ASK_PIN)
		n = asprintf(&prompt, _("PIN of %s (%s; %s): "), name, form, tries);
	else if (question == ASK_NEW)
		n = asprintf(&prompt, _("New PIN of %s (%s): "), name, form);
	else
		n = asprintf(&prompt, _("The new PIN of %s again: "), name);
out:
	free(tries);
	free(form);
	return n < 0 ? NULL : prompt;
}

enum error ask_card_pin(struct card *card, enum question question, struct secret **pin)
{
	char *prompt = prompt_text(card, question);
	enum error e = prompt ? ask_pin(prompt, pin) : E_MEMORY;
	struct bytes bytes = {0};

	free(prompt);
	if (e == E_OK) {
		bytes.data = secret_bytes(*pin, &bytes.len);
		e = card_check_pin(card, bytes);
	}
	if (e == E_CANCELLED || e == E_IO) {
		complain(_("No PIN was given."));
		advise(_("Type it on the terminal, or give it as a line on standard input."));
	} else if (e != E_OK) {
		complain_pin(e, card);
	}
	if (e != E_OK)
		secret_free(pin);
	return e == E_IO ? E_CANCELLED : e;
}

bool ask_yes(const char *question, const char *advice)
{
	char line[32] = "";

	if (!isatty(STDIN_FILENO)) {
		complain(_("Nothing was changed: standard input is no terminal, so nobody can be asked."));
		advise("%s", advice);
		return false;
	}
	put_text(stdout, question);
	fflush(stdout);
	if (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, " \r\n")] = '\0';
		if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0 || strcmp(line, "はい") == 0)
			return true;
	}
	complain(_("Nothing was changed."));
	return false;
}

enum error check_tries(struct card *card, bool last_try)
{
	enum error e = card_tries(card);

	if (e == E_OK && card->pin.tries == 0)
		e = E_PIN_LOCKED;
	if (e == E_OK && card->pin.tries == 1 && !last_try)
		e = E_PIN_LAST_TRY;
	if (e != E_OK)
		complain_pin(e, card);
	return e;
}

enum error log_in(struct card *card, bool last_try)
{
	struct secret *pin = NULL;
	struct bytes bytes;
	enum error e = check_tries(card, last_try);

	if (e != E_OK || (e = ask_card_pin(card, ASK_PIN, &pin)) != E_OK)
		return e;
	bytes.data = secret_bytes(pin, &bytes.len);
	e = card_login(card, bytes, last_try);
	secret_free(&pin);
	if (e != E_OK)
		complain_pin(e, card);
	return e;
}
