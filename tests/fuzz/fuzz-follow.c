/* The memory that a training hands to who follows it: header, head and slots are another process's
 * word. */
#include "engine/models/model.h"
/* How it is mapped is nobody else's business, so that it has no header. */
#include "engine/runs/follow.c"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static int
memory_file(const guint8 *data, gsize size)
{
  int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0 || write(fd, data, size) != (gssize)size ||
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    g_error("there is no memory file");
  return fd;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  SgFollow *f = g_new0(SgFollow, 1);
  g_autoptr(GError) error = NULL, why = NULL;
  int fd = memory_file(data, size);
  double kimg = NAN;

  f->run_dir = g_strdup("run");
  f->socket = -1;
  f->ended = TRUE; /* nobody is there to be asked */
  gboolean ok = map_file(f, fd, &error);
  g_assert_true(ok == (error == NULL));
  close(fd);
  g_autoptr(SgModel) m = ok ? sg_follow_next(f, &kimg, &why) : NULL;
  g_assert_true(!m || (!why && !isnan(kimg)));
  sg_follow_free(f);
  return 0;
}
