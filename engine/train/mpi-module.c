/* libvitrine-mpi.so: the only file that sees MPI (group.h). */
#include "engine/learn/group.h"
#include <mpi.h>
#include <string.h>

/* MPI counts in int. */
#define MOST ((gsize)1 << 30)
/* Microseconds: an order comes at once or after a long time. */
#define SPIN        200
#define LONGEST_NAP 2000

static void
sum(double *v, gsize n)
{
  for (gsize from = 0; from < n; from += MOST)
    MPI_Allreduce(MPI_IN_PLACE, v + from, (int)MIN(MOST, n - from), MPI_DOUBLE, MPI_SUM,
                  MPI_COMM_WORLD);
}

static void
sum_floats(float *v, gsize n)
{
  for (gsize from = 0; from < n; from += MOST)
    MPI_Allreduce(MPI_IN_PLACE, v + from, (int)MIN(MOST, n - from), MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
}

/* Open MPI's own waiting takes a whole processor: too much while the leader saves, or pauses. */
static void
wait_for(MPI_Request *request)
{
  gint64 start = g_get_monotonic_time();
  gulong nap = 20;
  int done = 0;

  for (MPI_Test(request, &done, MPI_STATUS_IGNORE); !done;
       MPI_Test(request, &done, MPI_STATUS_IGNORE)) {
    if (g_get_monotonic_time() - start < SPIN)
      continue;
    g_usleep(nap);
    nap = MIN(2 * nap, LONGEST_NAP);
  }
}

static void
broadcast(gpointer bytes, gsize n, int root)
{
  for (gsize from = 0; from < n; from += MOST) {
    MPI_Request request;
    MPI_Ibcast((char *)bytes + from, (int)MIN(MOST, n - from), MPI_BYTE, root, MPI_COMM_WORLD,
               &request);
    wait_for(&request);
  }
}

static void
leave(void)
{
  MPI_Finalize();
}

static void
end_all(int status)
{
  MPI_Abort(MPI_COMM_WORLD, status);
}

static void
name_machine(SgGroupTable *t)
{
  char host[MPI_MAX_PROCESSOR_NAME + 1] = "";
  int n = 0;

  MPI_Get_processor_name(host, &n);
  g_strlcpy(t->host, host, sizeof t->host);
#ifdef OMPI_MAJOR_VERSION
  g_snprintf(t->library, sizeof t->library, "Open MPI %d.%d.%d", OMPI_MAJOR_VERSION,
             OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#else
  g_snprintf(t->library, sizeof t->library, "MPI %d.%d", MPI_VERSION, MPI_SUBVERSION);
#endif
}

__attribute__((visibility("default"))) gboolean sg_mpi_join(gsize size, SgGroupTable *t,
                                                            GError **error);

gboolean
sg_mpi_join(gsize size, SgGroupTable *t, GError **error)
{
  MPI_Comm here;
  int provided;

  if (size != sizeof *t) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "the MPI module was built for another version of this program");
    return FALSE;
  }
  /* Who waits for a sum gives way: where the processors have other work, too, a process that spins
   * holds up the one it waits for (measured: 12 times slower). Whoever has set it is not
   * overruled. */
  g_setenv("OMPI_MCA_mpi_yield_when_idle", "1", FALSE);
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "MPI does not start");
    return FALSE;
  }
  *t = (SgGroupTable){.sum = sum,
                      .sum_floats = sum_floats,
                      .broadcast = broadcast,
                      .leave = leave,
                      .abort = end_all};
  MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &t->size);
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, t->rank, MPI_INFO_NULL, &here);
  MPI_Comm_rank(here, &t->local_rank);
  MPI_Comm_size(here, &t->local_size);
  MPI_Comm_free(&here);
  name_machine(t);
  return TRUE;
}
