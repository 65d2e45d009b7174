/* SPDX-License-Identifier: BSD-2-Clause */
/* The two children: pcscd, which is handed its socket as systemd would, and the
 * command. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/i18n.h"
#include "vcard/daemon.h"

#define READY_MS 10000

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* In the child: gets that signal when its parent dies, takes signals as it always would. */
static void begin_child(pid_t parent, int death)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, death);
	if (getppid() != parent)
		_exit(EX_OSERR);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void quieten(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
}

/* In the child: descriptor 3 is pcscd's socket (sd_listen_fds(3)). */
static void exec_pcscd(const struct world *w, int fd)
{
	char conf[128], pid[16];
	const char *argv[8] = {w->pcscd, "--foreground", "--config", conf};
	size_t n = 4;

	snprintf(conf, sizeof conf, "%s/reader.conf.d", w->dir);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (w->polkit)
		argv[n++] = "--disable-polkit";
	if (w->options->verbose)
		argv[n++] = "--debug";
	argv[n] = NULL;
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	if (w->options->verbose)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	else
		quieten();
	if (fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(fd, 3);
	execv(w->pcscd, (char **)argv);
	_exit(EX_UNAVAILABLE);
}

static bool service_died(struct world *w)
{
	if (waitpid(w->service, NULL, WNOHANG) != w->service)
		return false;
	w->service = 0;
	return true;
}

/* Waits until pcscd has loaded the driver and looked at every card. */
static bool wait_ready(struct world *w)
{
	for (size_t i = 0; i < w->n_slots; i++) {
		unsigned waited = 0;
		while (!slot_settle(&w->slots[i], 50)) {
			waited += 50;
			if (waited >= READY_MS || service_died(w))
				return false;
		}
	}
	return true;
}

/* Started by root, pcscd writes its number over that of the system's own. */
#define PID_DIR "/run/pcscd"
#define PID_FILE PID_DIR "/pcscd.pid"

struct pid_file {
	bool dir;
	size_t n; /* 0: there was none */
	char text[32];
};

static struct pid_file remember_pid_file(void)
{
	struct pid_file p = {.dir = access(PID_DIR, F_OK) == 0};
	FILE *f = fopen(PID_FILE, "re");

	if (f) {
		p.n = fread(p.text, 1, sizeof p.text, f);
		fclose(f);
	}
	return p;
}

static void restore_pid_file(const struct pid_file *p)
{
	FILE *f;

	if (geteuid() != 0)
		return;
	if (p->n == 0) {
		unlink(PID_FILE);
		if (!p->dir)
			rmdir(PID_DIR);
		return;
	}
	f = fopen(PID_FILE, "we");
	if (f) {
		fwrite(p->text, 1, p->n, f);
		fclose(f);
	}
}

bool service_start(struct world *w)
{
	const struct pid_file before = remember_pid_file();
	pid_t self = getpid();
	bool ready;
	int fd;

	if (w->service)
		return true;
	fd = listen_at(w->socket);
	if (fd < 0) {
		fprintf(stderr, "inkan-vcard: %s: %s\n", w->socket, strerror(errno));
		return false;
	}
	w->service = fork();
	if (w->service == 0) {
		begin_child(self, SIGKILL);
		setpgid(0, 0); /* the terminal's signals are for the command */
		exec_pcscd(w, fd);
	}
	close(fd);
	if (w->service < 0)
		w->service = 0;
	ready = w->service && wait_ready(w);
	restore_pid_file(&before);
	if (ready)
		return true;
	fprintf(stderr, _("inkan-vcard: pcscd does not start with our reader driver; --verbose shows why\n"));
	if (access(PID_DIR, X_OK) != 0) /* any pcscd wants it, and makes it as root alone */
		fprintf(stderr, _("The folder %s is missing. As root: mkdir %s\n"), PID_DIR, PID_DIR);
	service_stop(w);
	return false;
}

/* Killed, not asked: a pcscd that ends orderly removes the files of the system's
 * own pcscd when it may, and ours has nothing to lose. */
void service_stop(struct world *w)
{
	if (w->service) {
		kill(w->service, SIGKILL);
		while (waitpid(w->service, NULL, 0) < 0 && errno == EINTR)
			;
	}
	w->service = 0;
	if (w->socket[0])
		unlink(w->socket);
}

static bool command_start(struct world *w)
{
	char **argv = w->options->command;
	pid_t self = getpid();

	w->command = fork();
	if (w->command == 0) {
		begin_child(self, SIGTERM);
		setenv("PCSCLITE_CSOCK_NAME", w->socket, 1);
		setenv("INKAN_VCARD_CONTROL", w->control, 1);
		execvp(argv[0], argv);
		fprintf(stderr, "inkan-vcard: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	return w->command > 0;
}

static void reap(struct world *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == w->command) {
			w->command = 0;
			w->status = status;
		} else if (pid == w->service) {
			w->service = 0;
			fprintf(stderr, _("inkan-vcard: pcscd has ended by itself\n"));
		}
	}
}

/* Signals of the terminal reach the command without us; others are passed on.
 * False: there is no command, and the signal is for us. */
static bool take_signal(struct world *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof info) != sizeof info)
		return true;
	if (info.ssi_signo == SIGCHLD) {
		reap(w);
		return true;
	}
	if (!w->options->command) {
		w->status = (int)info.ssi_signo;
		return false;
	}
	if (w->command && info.ssi_code != SI_KERNEL)
		kill(w->command, (int)info.ssi_signo);
	return true;
}

static void print_environment(const struct world *w)
{
	printf("export PCSCLITE_CSOCK_NAME='%s'\nexport INKAN_VCARD_CONTROL='%s'\n", w->socket, w->control);
	fflush(stdout);
}

int world_run(struct world *w)
{
	struct pollfd fds[] = {{.fd = w->signals, .events = POLLIN}, {.fd = w->control_fd, .events = POLLIN}};
	bool going = true;

	if (!service_start(w))
		return EX_UNAVAILABLE;
	if (!w->options->command)
		print_environment(w);
	else if (!command_start(w))
		return EX_OSERR;
	while (going && (w->command || !w->options->command)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return EX_OSERR;
		if (fds[1].revents)
			control_serve(w);
		if (fds[0].revents)
			going = take_signal(w);
	}
	return WIFSIGNALED(w->status) ? 128 + WTERMSIG(w->status) : WEXITSTATUS(w->status);
}
