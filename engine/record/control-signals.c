/* Signals that end a training after the step it is in, with a snapshot. A second SIGINT, SIGTERM or
 * SIGQUIT ends it at once; the others may come again and again: SIGHUP from the terminal and the
 * shell, SIGXCPU every second, SIGUSR1 and SIGUSR2 from what runs jobs (Slurm, LSF, Grid Engine),
 * shortly before it ends them, or through mpirun, and SIGPWR when the power fails. */
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* One training a process takes them: -1 or where its thread is woken. */
static atomic_int wake = -1;
static atomic_int seen, last, patient;

static const int numbers[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2, SIGPWR};
static struct sigaction old[G_N_ELEMENTS(numbers)], old_xfsz;

static void
on_signal(int number)
{
  int saved = errno;
  gboolean at_once = number == SIGINT || number == SIGTERM || number == SIGQUIT;

  atomic_store(&last, number);
  if (atomic_fetch_add(&seen, 1) > 0 && at_once && !atomic_load(&patient)) {
    /* Whoever asks twice does not want to wait for the snapshot. */
    signal(number, SIG_DFL);
    raise(number);
  } else {
    (void)!write(atomic_load(&wake), SG_CONTROL_WAKE_STOP, 1);
  }
  errno = saved;
}

static void
take_signal(int number, struct sigaction *before)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

  sigemptyset(&action.sa_mask);
  sigaction(number, NULL, before);
  /* nohup and shells' background jobs ignore some on purpose. */
  if (before->sa_handler != SIG_IGN)
    sigaction(number, &action, NULL);
}

/* Writing fails then as on a full disk, which is waited for. */
static void
ignore_file_size(void)
{
  struct sigaction action = {.sa_handler = SIG_IGN};

  sigemptyset(&action.sa_mask);
  sigaction(SIGXFSZ, &action, &old_xfsz);
}

gboolean
sg_control_signals_take(int wake_fd)
{
  int none = -1;

  if (!atomic_compare_exchange_strong(&wake, &none, wake_fd))
    return FALSE;
  atomic_store(&seen, 0);
  atomic_store(&last, 0);
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    take_signal(numbers[i], &old[i]);
  ignore_file_size();
  return TRUE;
}

gboolean
sg_control_signals_seen(void)
{
  return atomic_load(&seen) > 0;
}

guint
sg_control_signals_count(void)
{
  return (guint)atomic_load(&seen);
}

int
sg_control_signal(SgControl *c)
{
  (void)c;
  return atomic_load(&last);
}

void
sg_control_be_patient(SgControl *c, gboolean is)
{
  (void)c;
  atomic_store(&patient, is);
}

void
sg_control_signals_leave(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    sigaction(numbers[i], &old[i], NULL);
  sigaction(SIGXFSZ, &old_xfsz, NULL);
  atomic_store(&patient, 0);
  atomic_store(&wake, -1);
}
