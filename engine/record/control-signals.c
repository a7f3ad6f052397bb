/* SIGINT and SIGTERM end a training after the step it is in; a second one ends it at once. */
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* One training a process takes them: -1 or where its thread is woken. */
static atomic_int wake = -1;
static atomic_int seen;
static struct sigaction old_int, old_term, old_usr1;
static gboolean takes_usr1;

static void
on_signal(int number)
{
  int saved = errno;

  if (atomic_fetch_add(&seen, 1) > 0) {
    /* Whoever asks twice does not want to wait for the snapshot. */
    signal(number, SIG_DFL);
    raise(number);
  } else {
    (void)!write(atomic_load(&wake), SG_CONTROL_WAKE_STOP, 1);
  }
  errno = saved;
}

static void
take_signal(int number, struct sigaction *old)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

  sigemptyset(&action.sa_mask);
  sigaction(number, NULL, old);
  /* nohup and shells' background jobs ignore SIGINT on purpose. */
  if (old->sa_handler != SIG_IGN)
    sigaction(number, &action, NULL);
}

gboolean
sg_control_signals_take(int wake_fd)
{
  int none = -1;

  if (!atomic_compare_exchange_strong(&wake, &none, wake_fd))
    return FALSE;
  atomic_store(&seen, 0);
  take_signal(SIGINT, &old_int);
  take_signal(SIGTERM, &old_term);
  return TRUE;
}

void
sg_control_signals_take_usr1(void)
{
  takes_usr1 = atomic_load(&wake) >= 0;
  if (takes_usr1)
    take_signal(SIGUSR1, &old_usr1);
}

gboolean
sg_control_signals_seen(void)
{
  return atomic_load(&seen) > 0;
}

void
sg_control_signals_leave(void)
{
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGTERM, &old_term, NULL);
  if (takes_usr1)
    sigaction(SIGUSR1, &old_usr1, NULL);
  takes_usr1 = FALSE;
  atomic_store(&wake, -1);
}
