/* The pruned model's file, and what pruning saves, told as it is. */
#include "app/cli/cli.h"
#include "app/cli/prune.h"
#include <stdio.h>
#include "engine/explore/weights/prune-save.h"

static json_t *
saving_json(const char *file, double threshold, const SgPruneSaving *a, const SgPruneSpeed *b)
{
  return json_pack("{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:f, s:f, s:f, s:f}", "file",
                   cli_json_name(file), "threshold", threshold, "weights", (json_int_t)a->weights,
                   "zeros", (json_int_t)a->zeros, "bytes", (json_int_t)a->bytes,
                   "compressed_before", (json_int_t)a->compressed_before, "compressed",
                   (json_int_t)a->compressed, "channels", b->channels, "channels_removed",
                   b->removed, "weights_kept", (json_int_t)b->kept, "ms_before", b->ms_before,
                   "ms_pruned", b->ms_pruned, "ms_without_channels", b->ms_slim, "difference",
                   b->difference);
}

static void
print_saving(const char *file, const SgPruneSaving *a, const SgPruneSpeed *b)
{
  double mib = 1024 * 1024;

  printf("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " weights are zero (%.2f %%)\n",
         cli_name(file), a->zeros, a->weights, 100 * (double)a->zeros / (double)MAX(a->weights, 1));
  printf("file %.2f MiB, as large as without pruning; compressed %.2f MiB, before %.2f MiB\n",
         (double)a->bytes / mib, (double)a->compressed / mib, (double)a->compressed_before / mib);
  printf("a picture takes %.2f ms, before %.2f ms: zeros are multiplied like any number\n",
         b->ms_pruned, b->ms_before);
  if (b->removed > 0)
    printf("%d of %d channels are read by nobody; without them %.2f ms (pictures differ by at most "
           "%.1e)\n",
           b->removed, b->channels, b->ms_slim, b->difference);
  else
    printf("none of the %d channels can be removed: each is still read somewhere\n", b->channels);
}

gboolean
cli_prune_save(SgModel *model, const SgPrune *prune, const char *file, json_t **report,
               GError **error)
{
  SgPruneSaving saving;
  SgPruneSpeed speed;

  if (!sg_prune_save(model, prune, file, &saving, error) ||
      !sg_prune_measure(model, prune, &speed, error))
    return FALSE;
  if (report)
    *report = saving_json(file, prune->threshold, &saving, &speed);
  else
    print_saving(file, &saving, &speed);
  return TRUE;
}
