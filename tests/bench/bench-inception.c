/* How long the Inception network takes for a picture: bench-inception fp32|bf16 PICTURES. Prints
 * milliseconds of each of the batches, alone on a line, whenever a line comes in: race_inception.py
 * has it take turns with PyTorch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/perceptual/inception.h"

#define BATCH 8

int
main(int argc, char **argv)
{
  gboolean half = argc > 1 && g_str_equal(argv[1], "bf16");
  int batches = argc > 2 ? atoi(argv[2]) / BATCH : 4;
  gsize count = (gsize)BATCH * 3 * SG_INCEPTION_SIZE * SG_INCEPTION_SIZE;
  g_autoptr(GError) error = NULL;
  g_autoptr(SgInception) n =
      sg_inception_new_random(BATCH, half ? SG_PRECISION_BF16 : SG_PRECISION_FP32, &error);
  g_autofree float *pictures = g_new(float, count);
  g_autofree float *features = g_new(float, BATCH *SG_INCEPTION_FEATURES);
  char line[16];

  if (!n) {
    fprintf(stderr, "%s\n", error->message);
    return 1;
  }
  for (gsize i = 0; i < count; i++)
    pictures[i] = (float)(i * 7919 % 255) / 127.5f - 1;
  sg_inception_run(n, BATCH, pictures, features, NULL);
  while (fgets(line, sizeof line, stdin)) {
    gint64 start = g_get_monotonic_time();
    for (int i = 0; i < batches; i++)
      sg_inception_run(n, BATCH, pictures, features, NULL);
    printf("%.3f\n", (double)(g_get_monotonic_time() - start) / 1000 / (batches * BATCH));
    fflush(stdout);
  }
  return 0;
}
