#include "engine/base/room.h"
/* The fuzz targets are built without it. */
#ifdef _OPENMP
#  include <omp.h>
#else
#  define omp_get_max_threads() 1
#  define omp_get_thread_num()  0
#endif

static _Thread_local gsize missing;

void
sg_room_missing(gsize bytes)
{
  missing = MAX(bytes, 1);
}

static gpointer
note(gpointer p, gsize n, gsize size)
{
  gsize bytes;

  if (!p && n > 0 && size > 0)
    sg_room_missing(g_size_checked_mul(&bytes, n, size) ? bytes : G_MAXSIZE);
  return p;
}

gpointer
sg_room(gsize n, gsize size)
{
  return note(g_try_malloc_n(n, size), n, size);
}

gpointer
sg_room0(gsize n, gsize size)
{
  return note(g_try_malloc0_n(n, size), n, size);
}

/* Whole cache lines, so that no two threads write into one. */
static gsize
stride(gsize n, gsize size)
{
  gsize bytes;

  if (!g_size_checked_mul(&bytes, n, size) || bytes > G_MAXSSIZE - 63)
    return 0; /* too much for anybody */
  return (bytes + 63) / 64 * 64;
}

gpointer
sg_room_each(gsize n, gsize size)
{
  gsize each = stride(n, size);

  if (each == 0)
    sg_room_missing(n);
  return each > 0 ? sg_room((gsize)omp_get_max_threads(), each) : NULL;
}

gpointer
sg_room_mine(gpointer each, gsize n, gsize size)
{
  return (char *)each + (gsize)omp_get_thread_num() * stride(n, size);
}

gboolean
sg_room_check(GError **error)
{
  gsize bytes = missing;

  missing = 0;
  if (bytes > 0)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for %" G_GSIZE_FORMAT " bytes to compute in", bytes);
  return bytes == 0;
}

gboolean
sg_room_is_short(void)
{
  return missing > 0;
}
