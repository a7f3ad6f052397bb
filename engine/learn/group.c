#include "engine/learn/group.h"
#include "engine/backend/backend-device.h"
#include "engine/backend/module.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct _SgGroup {
  SgGroupTable mpi;
  gboolean ended;
};

/* ---- joining --------------------------------------------------------------------------------- */

static gboolean
number_in(const char *variable, int *n)
{
  const char *text = g_getenv(variable);
  gint64 v;

  if (!text || !g_ascii_string_to_signed(text, 10, 0, G_MAXINT, &v, NULL))
    return FALSE;
  *n = (int)v;
  return TRUE;
}

/* How many processes the launcher has started: 0 if there is none, -1 if it does not say. Slurm's
 * number alone tells nothing: a batch script has it, too. */
static int
launched(void)
{
  int n;

  if (number_in("OMPI_COMM_WORLD_SIZE", &n) || number_in("PMI_SIZE", &n))
    return n;
  if (!g_getenv("PMIX_RANK") && !g_getenv("PMI_RANK"))
    return 0;
  return number_in("SLURM_STEP_NUM_TASKS", &n) ? n : -1;
}

static SgMpiJoin
load(GError **error)
{
  static const SgModuleFile module = {.file = "libvitrine-mpi.so",
                                      .variable = "VITRINE_MPI_MODULE",
                                      .folder = "engine",
                                      .name = "MPI",
                                      .global = TRUE};
  SgMpiJoin join = NULL;
  *(void **)&join = sg_module_symbol(&module, SG_MPI_JOIN, error);
  return join;
}

gboolean
sg_group_join(gboolean asked, SgGroup **group, GError **error)
{
  int n = launched();

  *group = NULL;
  if (!asked && (n == 0 || n == 1))
    return TRUE;
  SgMpiJoin join = load(error);
  SgGroup *g = g_new0(SgGroup, 1);
  if (!join || !join(sizeof g->mpi, &g->mpi, error)) {
    g_free(g);
    if (n > 1)
      g_prefix_error(error, "this is one of %d processes that should train together, but ", n);
    return FALSE;
  }
  if (g->mpi.size > 1) {
    *group = g;
    return TRUE;
  }
  g->mpi.leave();
  if (n > 1)
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
                "this is one of %d processes that should train together, but %s knows of no other: "
                "start them with the mpirun that belongs to it",
                n, g->mpi.library);
  g_free(g);
  return n <= 1;
}

void
sg_group_leave(SgGroup *g)
{
  if (!g)
    return;
  g->mpi.leave();
  g_free(g);
}

void
sg_group_abort(SgGroup *g, const char *message)
{
  fprintf(stderr, "vitrine train: rank %d (%s): %s\n", g->mpi.rank, g->mpi.host, message);
  fflush(stderr);
  g->mpi.abort(1);
  exit(1); /* does not return from there */
}

/* ---- who ------------------------------------------------------------------------------------- */

int
sg_group_rank(const SgGroup *g)
{
  return g ? g->mpi.rank : 0;
}

int
sg_group_size(const SgGroup *g)
{
  return g ? g->mpi.size : 1;
}

int
sg_group_local_rank(const SgGroup *g)
{
  return g ? g->mpi.local_rank : 0;
}

int
sg_group_local_size(const SgGroup *g)
{
  return g ? g->mpi.local_size : 1;
}

const char *
sg_group_library(const SgGroup *g)
{
  return g ? g->mpi.library : "";
}

int
sg_group_threads(const SgGroup *g)
{
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t set;

  if (!g || g_getenv("OMP_NUM_THREADS") || sched_getaffinity(0, sizeof set, &set) != 0)
    return 0;
  int mine = CPU_COUNT(&set);
  return mine < online ? mine : MAX(1, mine / g->mpi.local_size);
}

/* ---- together -------------------------------------------------------------------------------- */

void
sg_group_sum(SgGroup *g, double *v, gsize n)
{
  if (g)
    g->mpi.sum(v, n);
}

void
sg_group_sum_floats(SgGroup *g, float *v, gsize n)
{
  if (g)
    g->mpi.sum_floats(v, n);
}

void
sg_group_broadcast(SgGroup *g, int root, gpointer bytes, gsize n)
{
  if (g)
    g->mpi.broadcast(bytes, n, root);
}

char *
sg_group_broadcast_text(SgGroup *g, int root, const char *text)
{
  guint64 n = text ? strlen(text) + 1 : 0;

  if (!g)
    return g_strdup(text);
  sg_group_broadcast(g, root, &n, sizeof n);
  if (n == 0)
    return NULL;
  char *copy = g->mpi.rank == root ? g_strdup(text) : g_malloc(n);
  sg_group_broadcast(g, root, copy, n);
  return copy;
}

/* The error of process `from` in all. */
static void
tell_error(SgGroup *g, int from, gboolean name_it, const GError *own, GError **error)
{
  g_autofree char *host = sg_group_broadcast_text(g, from, g->mpi.host);
  g_autofree char *domain =
      sg_group_broadcast_text(g, from, own ? g_quark_to_string(own->domain) : NULL);
  g_autofree char *message = sg_group_broadcast_text(g, from, own ? own->message : NULL);
  int code = own ? own->code : 0;

  sg_group_broadcast(g, from, &code, sizeof code);
  g_set_error_literal(error, g_quark_from_string(domain), code, message);
  if (name_it)
    g_prefix_error(error, "rank %d (%s): ", from, host);
}

gboolean
sg_group_all_can(SgGroup *g, GError *own, GError **error)
{
  int first = -1, count = 0;

  if (!g) {
    if (own)
      g_propagate_error(error, own);
    return !own;
  }
  g_autofree double *failed = g_new0(double, g->mpi.size);
  failed[g->mpi.rank] = own != NULL;
  sg_group_sum(g, failed, (gsize)g->mpi.size);
  for (int i = g->mpi.size - 1; i >= 0; i--)
    if (failed[i] > 0) {
      first = i;
      count++;
    }
  if (first >= 0)
    tell_error(g, first, count < g->mpi.size, own, error);
  g_clear_error(&own);
  return first < 0;
}

gboolean
sg_group_agree(SgGroup *g, GError *own, GError **error)
{
  gboolean all = sg_group_all_can(g, own, error);
  if (!all)
    sg_group_set_ended(g);
  return all;
}

void
sg_group_set_ended(SgGroup *g)
{
  if (g)
    g->ended = TRUE;
}

gboolean
sg_group_has_ended(const SgGroup *g)
{
  return g && g->ended;
}
