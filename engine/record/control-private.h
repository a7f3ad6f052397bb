/* The control socket's state, shared by the thread that serves it and the commands. */
#pragma once

#include "engine/record/run-dir-private.h"
#include <jansson.h>
#include <sys/stat.h>

G_BEGIN_DECLS

struct _SgControl {
  char *run_dir;
  int listener, wake[2];
  dev_t device; /* of the socket file: what is removed at the end must be ours */
  ino_t inode;
  GThread *thread;
  GPtrArray *clients;
  gint64 rest_until; /* no accepting before: out of descriptors */
  gboolean takes_signals;

  GMutex mutex; /* for what is below */
  GCond changed;
  SgControlFlags flags;
  gboolean leaving;
  guint stops; /* commands to stop */
  json_t *status;
  gboolean advances;
  guint64 nimg;
  SgPublisher *publisher; /* borrowed */
  GQueue changes;         /* of char *: name, value, name… */
};

/* Call with the mutex held. A stop also ends a pause, or nobody would get to it. */
void sg_control_stop_locked(SgControl *c);
/* {"ok": false, "error": why} */
json_t *sg_control_refuse(const char *why);
/* Does what a line asks for; the answer. *pass: a descriptor, not the caller's, that goes with
 * it. */
json_t *sg_control_obey(SgControl *c, const guint8 *line, gsize n, int *pass);

G_END_DECLS
