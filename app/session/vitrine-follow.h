/* VitrineFollow: looks at a training's newest weights from a thread of its own.
 *
 * A training that runs here is asked for them (engine/record/publish.h); of one that cannot be
 * asked (another machine's, another program's, or ended) each new snapshot file is read as it
 * appears. What ran before and runs again is asked again. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct _VitrineFollow VitrineFollow;

/* One of: weights; how they come has changed (neither); an error, after which nothing follows. */
typedef struct {
  SgModel *model; /* to be taken (set NULL), or NULL; its metadata has "kimg" if that is known */
  gboolean live;  /* the training itself hands its weights out */
  const char *error;
} VitrineFollowNews;

typedef void (*VitrineFollowFunc)(VitrineFollowNews *news, gpointer user_data);

/* Main thread, where `func` is called, too. A snapshot at `known` (or NULL) is on the screen
 * already. */
VitrineFollow *vitrine_follow_new(const char *run_dir, const char *known, VitrineFollowFunc func,
                                  gpointer user_data);
/* The model that came last is in use (or dropped): the next one is looked for, not before. */
void vitrine_follow_ready(VitrineFollow *self);
/* Does not wait for the thread. No news come after it. */
void vitrine_follow_free(VitrineFollow *self);

/* Path of the newest network-snapshot-*.safetensors or *.pkl in a folder, to be freed. Error: there
 * is none. */
char *vitrine_follow_newest_snapshot(const char *dir, GError **error);
/* Does a training run there that answers? Waits for the answer: not on the main thread. */
gboolean vitrine_follow_is_running(const char *dir);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineFollow, vitrine_follow_free)

G_END_DECLS
