/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.4, general-purpose functions: C_Initialize, C_Finalize, C_GetInfo. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "pkcs11/attr.h"
#include "pkcs11/cert_status.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/slot.h"

struct module module = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void module_lock(void)
{
	pthread_mutex_lock(&module.lock);
}

void module_unlock(void)
{
	pthread_mutex_unlock(&module.lock);
}

/* The process is compared before the lock is touched: in a forked child a thread
 * that no longer exists may hold it. */
CK_RV module_enter(void)
{
	CK_RV rv = CKR_CRYPTOKI_NOT_INITIALIZED;

	if (module.pid != getpid())
		return rv;
	module_lock();
	if (module.pid == getpid() && !module.finalizing) {
		module.active++;
		rv = CKR_OK;
	}
	module_unlock();
	return rv;
}

void module_leave(void)
{
	module_lock();
	module.active--;
	pthread_cond_broadcast(&module.changed);
	module_unlock();
}

/* In a forked child: the parent's state is put aside without a word to pcscd. It
 * is not walked and not freed: a thread that is not here may have been changing
 * it, and may hold its locks. The pages with PINs are empty in a child. */
static CK_RV forget_parent(void)
{
	struct module *parent = malloc(sizeof *parent);

	if (!parent)
		return CKR_HOST_MEMORY;
	memcpy(parent, &module, sizeof module);
	pthread_mutex_init(&module.lock, NULL);
	pthread_cond_init(&module.changed, NULL);
	personality.readers->forget(module.readers);
	slots_forget();
	module.sessions = NULL;
	module.crypto = NULL;
	module.trust = NULL;
	module.store = NULL;
	module.readers = NULL;
	module.active = 0;
	module.waiting = module.finalizing = false;
	module.parent = parent;
	module.pid = 0;
	return CKR_OK;
}

/* PKCS#11 5.4 on CK_C_INITIALIZE_ARGS: we lock with the system's primitives and
 * create no threads. */
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

/* Takes over what start made, or, when another call was quicker, leaves it to
 * the caller. A nested call of this very thread (libcrypto's configuration may
 * load us again) counts as ours. */
static CK_RV install(struct crypto **crypto, void **readers, const struct conf *conf)
{
	CK_RV rv = CKR_OK;

	module_lock();
	if (module.pid != 0) {
		if (!pthread_equal(module.starter, pthread_self()))
			rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	} else {
		module.crypto = *crypto;
		module.readers = *readers;
		module.conf = *conf;
		module.starter = pthread_self();
		module.pid = getpid();
		*crypto = NULL;
		*readers = NULL;
	}
	module_unlock();
	return rv;
}

static CK_RV start(void)
{
	struct crypto *crypto = NULL;
	void *readers = NULL;
	struct conf conf;
	CK_RV rv = CKR_HOST_MEMORY;

	if (crypto_new(&crypto) != E_OK) {
		log_error("libcrypto cannot be used");
		rv = CKR_GENERAL_ERROR;
		goto out;
	}
	conf_load(&conf);
	if (personality.readers->open(&readers) != E_OK)
		goto out;
	rv = install(&crypto, &readers, &conf);
out:
	if (readers)
		personality.readers->close(readers);
	crypto_free(&crypto);
	return rv;
}

/* C_Initialize (PKCS#11 5.4). Sends no APDU and succeeds without pcscd. The
 * first use of libcrypto is made with no lock held, and a nested call from there
 * succeeds. In a forked child it starts afresh. */
CK_RV inkan_C_Initialize(void *arguments)
{
	pid_t pid = module.pid;
	CK_RV rv = check_arguments(arguments);

	if (rv != CKR_OK)
		return rv;
	log_start(personality.program);
	if (pid == getpid())
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	if (pid != 0)
		rv = forget_parent();
	if (rv == CKR_OK)
		rv = start();
	if (rv == CKR_OK && module_enter() == CKR_OK) {
		slots_start();
		module_leave();
	}
	log_debug("C_Initialize: 0x%lx", rv);
	return rv;
}

/* No new call gets in. */
static CK_RV close_the_door(void)
{
	CK_RV rv = CKR_CRYPTOKI_NOT_INITIALIZED;

	module_lock();
	if (module.pid == getpid() && !module.finalizing) {
		module.finalizing = true;
		pthread_cond_broadcast(&module.changed);
		rv = CKR_OK;
	}
	module_unlock();
	return rv;
}

/* The waiter is woken, with no lock held; the calls under way end by themselves. */
static void wait_for_calls(void)
{
	personality.readers->cancel(module.readers);
	module_lock();
	while (module.active > 0)
		pthread_cond_wait(&module.changed, &module.lock);
	module_unlock();
}

/* C_Finalize (PKCS#11 5.4). A thread that waits in C_WaitForSlotEvent returns
 * CKR_CRYPTOKI_NOT_INITIALIZED. Every PIN is wiped; no card is left unlocked
 * because none is between two calls. What a card has shown of itself (PINs that
 * it refused, that it cannot do RSASSA-PSS) is kept: a program that starts us
 * again for each attempt must not burn its tries. */
CK_RV inkan_C_Finalize(void *reserved)
{
	CK_RV rv;

	if (module.pid != getpid())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (reserved)
		return CKR_ARGUMENTS_BAD;
	rv = close_the_door();
	if (rv != CKR_OK)
		return rv;
	wait_for_calls();
	sessions_free();
	slots_end();
	status_end();
	personality.readers->close(module.readers);
	module.readers = NULL;
	crypto_free(&module.crypto);
	module_lock();
	module.pid = 0;
	module.finalizing = false;
	module_unlock();
	return CKR_OK;
}

static CK_RV get_info(CK_INFO *info, CK_VERSION version)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	if (info) {
		memset(info, 0, sizeof *info);
		info->cryptokiVersion = version;
		info->libraryVersion = (CK_VERSION){INKAN_MAJOR, INKAN_MINOR};
		text_pad(info->manufacturerID, sizeof info->manufacturerID, "Inkan");
		text_pad(info->libraryDescription, sizeof info->libraryDescription, personality.description);
	} else {
		rv = CKR_ARGUMENTS_BAD;
	}
	module_leave();
	return rv;
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
