/* SgGroup: the processes that train one model together (mpirun -n N vitrine train …).
 *
 * NULL is the group of one, which every function takes and none costs anything. Rank 0 leads. All
 * of a group call the functions marked "together" in the same order; what goes wrong in one is told
 * to all by sg_group_agree(), or ends all (sg_group_abort()): nobody waits for who is gone. Only
 * the thread that joined calls them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SgGroup SgGroup;

/* Joins the other processes that a launcher has started beside this one (mpirun's, PMI's and
 * Slurm's variables in the environment tell), or that `asked` speaks of. *group is NULL when this
 * one is alone. FALSE and error when there are others that cannot be reached, above all when the
 * MPI module is missing. */
gboolean sg_group_join(gboolean asked, SgGroup **group, GError **error);
/* Together, as the last of all. */
void sg_group_leave(SgGroup *g);
/* Says `message` with the rank on standard error and ends every process of the group. */
G_NORETURN void sg_group_abort(SgGroup *g, const char *message);

int sg_group_rank(const SgGroup *g);
int sg_group_size(const SgGroup *g);
/* Which of this machine's processes this is, and how many there are. */
int sg_group_local_rank(const SgGroup *g);
int sg_group_local_size(const SgGroup *g);
/* "Open MPI 4.1.4" */
const char *sg_group_library(const SgGroup *g);
/* How many threads are this process's when nobody says: the processors that it was given, or, where
 * all were given to all, its part of them. 0: no word in it (alone, or OMP_NUM_THREADS is set). */
int sg_group_threads(const SgGroup *g);

/* Together: v [n] becomes the sum over the processes, the same bits in each. */
void sg_group_sum(SgGroup *g, double *v, gsize n);
void sg_group_sum_floats(SgGroup *g, float *v, gsize n);
/* Together: `bytes` becomes what it is in process `root`. Who waits sleeps. */
void sg_group_broadcast(SgGroup *g, int root, gpointer bytes, gsize n);
/* Together: the text of process `root`, to be freed; the others' `text` is ignored. NULL: none. */
char *sg_group_broadcast_text(SgGroup *g, int root, const char *text);
/* Together: TRUE if `own` (taken) is NULL in all. Else the same error in all: the one of the first
 * rank that has one, which is named unless all have failed. The group has ended then. */
gboolean sg_group_agree(SgGroup *g, GError *own, GError **error);
/* The same about something that the training can do without: the group goes on. */
gboolean sg_group_all_can(SgGroup *g, GError *own, GError **error);
/* An error is known to all: each ends by itself. */
void sg_group_set_ended(SgGroup *g);
gboolean sg_group_has_ended(const SgGroup *g);

/* ---- the module ---- */

/* What libvitrine-mpi.so fills in. Nothing in it fails: the library ends the processes then. */
typedef struct {
  int rank, size, local_rank, local_size;
  char library[64], host[64];
  void (*sum)(double *v, gsize n);
  void (*sum_floats)(float *v, gsize n);
  void (*broadcast)(gpointer bytes, gsize n, int root);
  void (*leave)(void);
  void (*abort)(int status);
} SgGroupTable;

#define SG_MPI_JOIN "sg_mpi_join"
/* `size` is the program's sizeof (SgGroupTable). */
typedef gboolean (*SgMpiJoin)(gsize size, SgGroupTable *table, GError **error);

G_END_DECLS
