/* Writes the first inputs of targets whose files only the program itself makes:
 * make-corpus CORPUS-FOLDER. */
#include "engine/learn/snapshot.h"
#include "engine/record/run-dir-private.h"
#include "engine/record/publish.h"
#include "tests/fuzz/tiny-learner.h"
#include <sys/stat.h>
#include <unistd.h>

static void
write_snapshot(const char *path)
{
  g_autoptr(SgStats) stats = sg_stats_new();
  g_autoptr(GError) error = NULL;

  sg_stats_report(stats, "Loss/G/loss", 1.5);
  sg_stats_report(stats, "Loss/G/loss", 2.5);
  sg_stats_histogram(stats, "Loss/scores/real", (const float[]){0, 1, 2}, 3, 0, 3, 3);
  g_autofree char *note = sg_stats_keep(stats);
  char *const classes[] = {"cat", "dog", NULL};
  if (!sg_snapshot_save(tiny_learner(), path, "tiny", TINY_IMAGES, classes, note, &error))
    g_error("%s", error->message);
}

static void
write_memory_file(const char *path, const char *model_path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) m = sg_model_load(model_path, &error);
  g_autoptr(SgPublisher) p = m ? sg_publisher_new(m) : NULL;
  int fd = p ? sg_publisher_ask(p, &error) : -1;
  struct stat st;

  if (fd < 0 || fstat(fd, &st) != 0)
    g_error("%s: %s", model_path, error ? error->message : "no memory file");
  float *v = sg_publisher_begin(p);
  for (guint i = 0; i < m->names->len; i++) {
    const SgTensor *t = sg_model_tensor(m, "", m->names->pdata[i]);
    for (gsize k = 0; t && k < t->numel; k++)
      *v++ = t->data[k];
  }
  sg_publisher_end(p);
  g_autofree char *bytes = g_malloc((gsize)st.st_size);
  if (pread(fd, bytes, (gsize)st.st_size, 0) != st.st_size ||
      !g_file_set_contents(path, bytes, st.st_size, &error))
    g_error("%s: %s", path, error ? error->message : "short");
}

int
main(int argc, char **argv)
{
  const char *folder = argc == 2 ? argv[1] : ".";
  g_autofree char *snapshot = g_build_filename(folder, "snapshot", "tiny.safetensors", NULL);
  g_autofree char *memory = g_build_filename(folder, "follow", "tiny.memory", NULL);

  write_snapshot(snapshot);
  write_memory_file(memory, snapshot);
  return 0;
}
