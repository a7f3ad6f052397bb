#include "app/model/vitrine-comparing.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "app/process/program-path.h"

/* All that the command writes. */
static const char *const files[] = {"compare.csv", "compare.png", "faces.png"};

void
vitrine_comparison_free(VitrineComparison *c)
{
  if (!c)
    return;
  for (gsize i = 0; c->folder && i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(c->folder, files[i], NULL);
    g_unlink(path);
  }
  if (c->folder)
    g_rmdir(c->folder);
  g_free(c->folder);
  g_free(c->refused);
  g_free(c);
}

typedef struct {
  char *a, *b;
} Pair;

static void
pair_free(gpointer data)
{
  Pair *p = data;
  g_free(p->a);
  g_free(p->b);
  g_free(p);
}

static double
number(json_t *root, const char *key)
{
  json_t *v = json_object_get(root, key);
  return json_is_number(v) ? json_number_value(v) : NAN;
}

static void
read_answer(VitrineComparison *c, const char *text)
{
  json_t *root = json_loads(text, 0, NULL), *hashes = json_object_get(root, "hashes");
  const char *refused = json_string_value(json_object_get(root, "refused"));

  c->generator = number(root, "generator");
  c->discriminator = number(root, "discriminator");
  c->pixels = number(root, "pixels");
  c->refused = g_strdup(refused);
  c->same = g_strcmp0(json_string_value(json_array_get(hashes, 0)),
                      json_string_value(json_array_get(hashes, 1))) == 0;
  json_decref(root);
}

/* The last line, without the command's name. */
static char *
sentence(char *err)
{
  g_strchomp(err);
  const char *line = strrchr(err, '\n'), *start = line ? line + 1 : err;
  return g_strdup(g_str_has_prefix(start, "vitrine compare: ") ? start + 17 : start);
}

static void
worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Pair *p = data;
  GError *error = NULL;
  g_autoptr(VitrineComparison) c = g_new0(VitrineComparison, 1);
  g_autofree char *program = vitrine_program_path(&error), *out = NULL, *err = NULL;

  c->folder = program ? g_dir_make_tmp("vitrine-compare-XXXXXX", &error) : NULL;
  if (!c->folder) {
    g_task_return_error(task, error);
    return;
  }
  g_autofree char *outdir = g_strconcat("--outdir=", c->folder, NULL);
  g_autoptr(GSubprocess) process =
      g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
                       program, "compare", outdir, "--seeds=0-5", "--json", "--", p->a, p->b, NULL);
  if (!process || !g_subprocess_communicate_utf8(process, NULL, cancellable, &out, &err, &error)) {
    if (process)
      g_subprocess_force_exit(process);
    g_task_return_error(task, error);
  } else if (g_subprocess_get_successful(process)) {
    read_answer(c, out);
    g_task_return_pointer(task, g_steal_pointer(&c), (GDestroyNotify)vitrine_comparison_free);
  } else {
    g_autofree char *text = sentence(err);
    g_task_return_new_error(task, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s", text);
  }
}

void
vitrine_compare_models(const char *a, const char *b, GCancellable *cancellable,
                       GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, data);
  Pair *p = g_new(Pair, 1);

  *p = (Pair){g_strdup(a), g_strdup(b)};
  g_task_set_task_data(task, p, pair_free);
  g_task_run_in_thread(task, worker);
}

VitrineComparison *
vitrine_compare_models_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}
