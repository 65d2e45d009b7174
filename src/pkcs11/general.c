/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.4, general-purpose functions; 5.15 and 5.16; and the beginning and the end
 * of every call. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/os.h"
#include "cards/family.h"
#include "pkcs11/attr.h"
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

#define FINALIZE_MS 1800 /* how long C_Finalize waits for the calls under way */

struct module module = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void module_lock(void)
{
	pthread_mutex_lock(&module.lock);
}

void module_unlock(void)
{
	pthread_mutex_unlock(&module.lock);
}

bool module_wait(const struct timespec *until)
{
	return os_cond_wait(&module.changed, &module.lock, until) == 0;
}

struct timespec module_time(long ms)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000L;
	t.tv_nsec %= 1000000000L;
	return t;
}

static void start_call(struct call *call, const char *name)
{
	*call = (struct call){.name = name};
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
}

/* The process is compared before the lock is touched: in a forked child a thread
 * that no longer exists may hold it. */
CK_RV call_enter(struct call *call, const char *name)
{
	start_call(call, name);
	if (module.pid != getpid())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	module_lock();
	call->entered = module.pid == getpid() && !module.finalizing;
	module.active += call->entered;
	module_unlock();
	return call->entered ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

void call_lock_table(struct call *call)
{
	module_lock();
	call->has_table = true;
}

void call_unlock(struct call *call)
{
	if (call->has_table)
		module_unlock();
	if (call->has_slot)
		slot_unlock(call->slot);
	call->has_table = call->has_slot = false;
	call->session = NULL;
}

/* No call is under way, and none can begin. */
static void clean_up(void)
{
	sessions_free_list(module.sessions);
	module.sessions = NULL;
	slots_end();
	status_end();
	personality.readers->close(module.cards.self);
	crypto_free(&module.crypto);
	module_lock();
	module.cards = (struct card_system){0};
	module.pid = 0;
	module.finalizing = false;
	pthread_cond_broadcast(&module.changed);
	module_unlock();
}

CK_RV call_leave(struct call *call, CK_RV rv)
{
	bool last = false;

	call_unlock(call);
	if (call->entered) {
		slots_finish();
		module_lock();
		module.active--;
		last = module.finalizing && module.active == 0;
		pthread_cond_broadcast(&module.changed);
		module_unlock();
	}
	if (last)
		clean_up();
	log_debug("%s: %s", call->name, ckr_name(rv));
	pthread_setcancelstate(call->cancel_state, NULL);
	return rv;
}

/* In a forked child the parent's state is abandoned, with no message to pcscd. It is
 * neither read nor freed: a thread of the parent may have been changing it, and may
 * hold its locks. The pages with PINs are empty in a child. One thread
 * does this; others wait for it. */
static CK_RV forget_parent(void)
{
	pid_t me = getpid(), pid = module.pid;
	struct module *parent;

	while (pid != 0 && pid != me) {
		if (pid == -me) {
			nanosleep(&(struct timespec){0, 1000 * 1000}, NULL);
			pid = module.pid;
			continue;
		}
		if (!atomic_compare_exchange_strong(&module.pid, &pid, -me))
			continue;
		parent = malloc(sizeof *parent);
		if (!parent) {
			module.pid = pid;
			return CKR_HOST_MEMORY;
		}
		memcpy(parent, &module, sizeof module);
		pthread_mutex_init(&module.lock, NULL);
		pthread_cond_init(&module.changed, NULL);
		personality.readers->forget(module.cards.self);
		slots_forget();
		module.sessions = NULL;
		module.crypto = NULL;
		module.trust = NULL;
		module.store = NULL;
		module.cards = (struct card_system){0};
		module.active = 0;
		module.waiting = module.looking = module.finalizing = false;
		module.parent = parent;
		module.pid = 0;
		return CKR_OK;
	}
	return CKR_OK;
}

/* PKCS#11 5.4 on CK_C_INITIALIZE_ARGS: we lock with the system's primitives. */
static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *args)
{
	int given;

	if (!args)
		return CKR_OK;
	given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) + (args->LockMutex != NULL) +
	        (args->UnlockMutex != NULL);
	if (args->pReserved || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	if (given == 4 && !(args->flags & CKF_OS_LOCKING_OK))
		return CKR_CANT_LOCK;
	return CKR_OK;
}

/* Calls for which C_Finalize has not waited may still be under way. */
static CK_RV check_state(void)
{
	struct timespec until = module_time(FINALIZE_MS);
	CK_RV rv = CKR_OK;

	module_lock();
	while (module.pid == getpid() && module.finalizing && module_wait(&until))
		;
	if (module.pid == getpid())
		rv = module.finalizing ? CKR_FUNCTION_FAILED : CKR_CRYPTOKI_ALREADY_INITIALIZED;
	module_unlock();
	if (rv == CKR_FUNCTION_FAILED)
		log_error("C_Initialize: a call from before C_Finalize still waits for a card");
	return rv;
}

/* Everything is created with no lock held: libcrypto's configuration may load this
 * module again and call C_Initialize in this same thread, which succeeds. When another
 * call was faster, what was created here is freed. */
static CK_RV start(bool may_create_threads)
{
	struct crypto *crypto = NULL;
	void *readers = NULL;
	struct conf conf;
	size_t n = 0;
	CK_RV rv = CKR_HOST_MEMORY;
	enum error e = crypto_new(&crypto);

	if (e != E_OK) {
		log_error("crypto_new: %s", error_text(e));
		rv = e == E_MEMORY ? CKR_HOST_MEMORY : CKR_GENERAL_ERROR;
		goto out;
	}
	conf_load(&conf);
	if (personality.readers->open(&readers, may_create_threads) != E_OK)
		goto out;
	module_lock();
	rv = CKR_OK;
	if (module.pid == 0) {
		module.crypto = crypto;
		module.conf = conf;
		module.cards = (struct card_system){.ops = personality.readers, .self = readers, .crypto = crypto};
		for (size_t i = 0; i < personality.profiles->n && n < PROFILES_MAX; i++) {
			const struct profile *profile = personality.profiles->list[i];

			if (!conf.card[0] || strcmp(conf.card, profile->family->word) == 0)
				module.profiles[n++] = profile;
		}
		module.shown = (struct profile_set){module.profiles, n};
		module.starter = pthread_self();
		module.pid = getpid();
		crypto = NULL;
		readers = NULL;
	} else if (!pthread_equal(module.starter, pthread_self())) {
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	}
	module_unlock();
out:
	if (readers)
		personality.readers->close(readers);
	crypto_free(&crypto);
	return rv;
}

/* C_Initialize (PKCS#11 5.4). Sends no APDU and succeeds without pcscd. The
 * first use of libcrypto is made with no lock held, and a nested call from there
 * succeeds. A forked child starts without any of its parent's state. */
CK_RV inkan_C_Initialize(void *arguments)
{
	const CK_C_INITIALIZE_ARGS *args = arguments;
	struct call call, first;
	CK_RV rv = check_arguments(args);

	start_call(&call, "C_Initialize");
	log_start(personality.program);
	if (rv == CKR_OK)
		rv = forget_parent();
	if (rv == CKR_OK)
		rv = check_state();
	if (rv == CKR_OK)
		rv = start(!args || !(args->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS));
	if (rv == CKR_OK) {
		if (call_enter(&first, "first look") == CKR_OK)
			slots_start();
		call_leave(&first, CKR_OK);
	}
	return call_leave(&call, rv);
}

/* C_Finalize (PKCS#11 5.4). A thread that waits in C_WaitForSlotEvent, or for a
 * card that another program holds, returns CKR_CRYPTOKI_NOT_INITIALIZED. It takes two
 * seconds at most: what a call that waits for a card's answer needs is freed when it
 * returns. Every PIN is wiped; every card is locked, as it is after each
 * call. The record of each card stays: a program that initialises the module
 * again for each attempt must not use up the tries. */
CK_RV inkan_C_Finalize(void *reserved)
{
	struct timespec until = module_time(FINALIZE_MS);
	struct call call;
	CK_RV rv = call_enter(&call, "C_Finalize");

	if (rv == CKR_OK && reserved)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	module_lock();
	if (module.finalizing)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED; /* another thread called it first */
	module.finalizing = true;
	pthread_cond_broadcast(&module.changed);
	module_unlock();
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	personality.readers->cancel(module.cards.self);
	module_lock();
	while (module.active > 1 && module_wait(&until))
		;
	if (module.active > 1)
		log_error("C_Finalize: %u calls are still under way", module.active - 1);
	module_unlock();
	slots_logout();
	return call_leave(&call, CKR_OK);
}

/* At the end of a process that has not called C_Finalize: PINs and certificates are
 * wiped from memory. A slot in use is left alone: a PIN that is wiped while it is sent to the
 * card would cost a try. */
__attribute__((destructor)) static void wipe_at_exit(void)
{
	struct timespec until = {0};

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	if (module.pid != getpid() || pthread_mutex_timedlock(&module.lock, &until) != 0)
		return;
	module.finalizing = true;
	module.active++; /* so that no call cleans up */
	module_unlock();
	slots_logout();
}

static CK_RV get_info(CK_INFO *info, CK_VERSION version)
{
	struct call call;
	CK_RV rv = call_enter(&call, "C_GetInfo");

	if (rv == CKR_OK && !info)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK) {
		memset(info, 0, sizeof *info);
		info->cryptokiVersion = version;
		info->libraryVersion = (CK_VERSION){INKAN_MAJOR, INKAN_MINOR};
		text_pad(info->manufacturerID, sizeof info->manufacturerID, "Inkan");
		text_pad(info->libraryDescription, sizeof info->libraryDescription, personality.description);
	}
	return call_leave(&call, rv);
}

/* C_GetInfo (PKCS#11 5.4): its cryptokiVersion is that of the table through
 * which it was called. */
CK_RV inkan_C_GetInfo_2_20(CK_INFO *info)
{
	return get_info(info, (CK_VERSION){2, 20});
}

CK_RV inkan_C_GetInfo_2_40(CK_INFO *info)
{
	return get_info(info, (CK_VERSION){2, 40});
}

CK_RV inkan_C_GetInfo_3_0(CK_INFO *info)
{
	return get_info(info, (CK_VERSION){3, 0});
}

static CK_RV no_random(const char *name, CK_SESSION_HANDLE session)
{
	struct call call;
	CK_RV rv = session_enter(&call, name, session);

	return call_leave(&call, rv == CKR_OK ? CKR_RANDOM_NO_RNG : rv);
}

/* C_SeedRandom and C_GenerateRandom (PKCS#11 5.15): these tokens have no generator. */
CK_RV inkan_C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG len)
{
	(void)seed;
	(void)len;
	return no_random("C_SeedRandom", session);
}

CK_RV inkan_C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
	(void)bytes;
	(void)len;
	return no_random("C_GenerateRandom", session);
}

/* C_GetFunctionStatus and C_CancelFunction (PKCS#11 5.16): no function runs in parallel. */
CK_RV inkan_C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV inkan_C_CancelFunction(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_FUNCTION_NOT_PARALLEL;
}
