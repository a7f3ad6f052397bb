/* vitrine COMMAND … runs a headless command; vitrine [MODEL|PICTURE] opens the window. */
#include "app/cli/cli.h"
#include "app/config.h"
#include "engine/backend/backend-device.h"
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
    {"generate", cli_generate, "pictures from seeds, vectors or saved recipes"},
    {"score", cli_score, "what the discriminator thinks of pictures"},
    {"inspect", cli_inspect, "layers, shapes and statistics of a model file"},
    {"convert", cli_convert,
     "any readable model to safetensors, to what PyTorch loads, or to ONNX"},
    {"compare", cli_compare, "two models: their weights layer by layer, the same faces of both"},
    {"train", cli_train, "a model from pictures"},
    {"metrics", cli_metrics, "how far a model's pictures are from real ones"},
    {"mix", cli_mix, "the grid of style mixing: faces of rows with styles of columns"},
    {"dataset", cli_dataset, "pictures (folder, zip, CelebA, MNIST) to a data set for training"},
    {"prune", cli_prune, "pruned weights over thresholds: what remains and what it scores"},
    {"strip", cli_strip, "faces over one parameter: a labelled picture and its numbers"},
    {"pca", cli_pca, "directions: the principal components of what a generator can draw"},
    {"sefa", cli_sefa, "directions: what the affine layers answer to, in closed form"},
    {"attribute", cli_attribute,
     "directions: where beard, light or colour lie, and how well they are told"},
    {"directions", cli_directions,
     "matrices of directions: cosines, what each moves, parts without others"},
    {"resample", cli_resample, "other faces that keep what carries a direction"},
    {"influence", cli_influence,
     "what moves a spot of a face: dimensions, style channels, directions"},
    {"channels", cli_channels, "the faces that each channel of a layer answers to most and least"},
    {"noise", cli_noise, "what noise does to faces, and which layers' noise"},
    {"truncation", cli_truncation, "three truncations: what each takes from variety and gives"},
    {"dissect", cli_dissect, "channels muted, left alone or added to in a part of a face"},
    {"project", cli_project, "the face whose picture is nearest to a given one"},
    {"drag", cli_drag, "points of a face to where they are wanted"},
    {"examine", cli_examine, "does a picture look like what a model draws? Independent witnesses"},
    {"video", cli_video, "a film from face to face, as WebM, MP4, WebP, GIF or PNGs"},
    {"layers", cli_layers, "what each layer computes for a face, as pictures and tables"},
    {"runs", cli_runs, "trainings: how far each is and what became of it"},
    {"stats", cli_stats, "the statistics of a training, as a table or CSV"},
    {"control", cli_control, "pause, resume, snapshot, stop or ask a running training"},
};

static const Command *
find_command(const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    if (g_str_equal(name, commands[i].name))
      return &commands[i];
  return NULL;
}

static void
print_help(void)
{
  puts("Usage: vitrine [MODEL|PICTURE|RUN_DIR]    opens the window\n"
       "       vitrine COMMAND [OPTION…]          works without one\n");
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    printf("  %-12s %s\n", commands[i].name, commands[i].summary);
  puts("\n\"vitrine COMMAND --help\" explains a command. \"vitrine --version\" says which version "
       "this is.\n"
       "Commands that compute take --device=auto|cpu|cuda:N and --precision=fp32|bf16|tf32|fp16: "
       "float32 if not\ntold otherwise; bf16 needs a CPU with AMX or a CUDA device, tf32 and fp16 "
       "a CUDA device.\n"
       "--network-resolution=N says how large the pictures of a progressive network are whose file "
       "does not.\n"
       "Exit status: 0 done, 1 failed, 2 wrong usage.");
}

/* libgomp lets idle threads spin for a long time between parallel loops. Beside other busy
 * processes (the window's own main thread is one) that turns operations of 0.4 ms into 7 ms. The
 * count must be in the environment before libgomp's constructor runs, that is before main: a
 * .preinit_array function is too early (tried: libc's own start-up then overwrites environ), so the
 * program starts itself once more, which costs 13 ms. Whoever has set either variable is not
 * overruled. */
static void
calm_openmp(char **argv)
{
  char path[4096];

  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY"))
    return;
  /* The link's target and not /proc/self/exe itself: the latter would show as "exe" in process
   * lists. */
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0 || setenv("GOMP_SPINCOUNT", "2000", 1) != 0)
    return;
  path[n] = '\0';
  execv(path, argv);
  /* Moved or deleted since: it still works, only less smoothly. */
}

/* A bare word that names no file is a command we do not have, not a file to open in a window. */
static gboolean
looks_like_command(const char *word)
{
  return word[0] != '-' && !strpbrk(word, "./:") && access(word, F_OK) != 0;
}

static int
say_failure(const GError *error)
{
  fprintf(stderr, "vitrine: %s\n", cli_name(error->message));
  return g_error_matches(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_NAME) ? 2 : 1;
}

/* --precision=NAME, of all but trainings, which record theirs: takes it out of the arguments. */
static int
use_precision(int *argc, char **argv, gboolean *given)
{
  g_autoptr(GError) error = NULL;
  int kept = 1;

  for (int i = 1; i < *argc; i++) {
    const char *name = argv[i] + strlen("--precision=");
    if (!g_str_has_prefix(argv[i], "--precision=")) {
      argv[kept++] = argv[i];
      continue;
    }
    if (!sg_backend_set_precision(name, &error))
      return say_failure(error);
    *given = TRUE;
  }
  argv[kept] = NULL;
  *argc = kept;
  return 0;
}

/* --network-resolution=N, of the window and of all commands: takes it out of the arguments. */
static int
use_resolution(int *argc, char **argv)
{
  static const char option[] = "--network-resolution=";
  gint64 pixels = 0;
  int kept = 1;

  for (int i = 1; i < *argc; i++) {
    g_autoptr(GError) error = NULL;
    if (!g_str_has_prefix(argv[i], option))
      argv[kept++] = argv[i];
    else if (!cli_parse_int("network-resolution", argv[i] + strlen(option), 4, 4096, &pixels,
                            &error)) {
      fprintf(stderr, "vitrine: %s\n", cli_name(error->message));
      return 2;
    }
  }
  argv[kept] = NULL;
  *argc = kept;
  sg_model_ask_resolution((int)pixels);
  return 0;
}

/* --device=NAME of the window and of the commands that have no such option themselves: takes it out
 * of the arguments, and into `*given`. An exit status after a message, else 0. */
static int
use_device(int *argc, char **argv, gboolean now, const char **given)
{
  g_autoptr(GError) error = NULL;
  SgBackend *b = NULL;
  int kept = 1;

  for (int i = 1; i < *argc; i++) {
    if (!g_str_has_prefix(argv[i], "--device=")) {
      argv[kept++] = argv[i];
      continue;
    }
    const char *name = *given = argv[i] + strlen("--device=");
    if (!g_str_equal(name, "auto") && !(b = sg_backend_open(name, &error)))
      return say_failure(error);
  }
  if (now && !b && !(b = sg_backend_open("auto", &error)))
    return say_failure(error);
  argv[kept] = NULL;
  *argc = kept;
  sg_backend_set_default(b);
  return 0;
}

int
cli_program(int argc, char **argv, CliWindowFunc window)
{
  calm_openmp(argv);
  sg_backend_cpu_limit_threads();
  /* Jansson leaves out what it has no memory for, without a word. */
  json_set_alloc_funcs(g_malloc, g_free);
  setlocale(LC_ALL, "");
  gboolean own = argc > 1 && (g_str_equal(argv[1], "train") || g_str_equal(argv[1], "generate"));
  const char *device = NULL;
  gboolean precision = FALSE;
  int status =
      argc > 1 && g_str_equal(argv[1], "train") ? 0 : use_precision(&argc, argv, &precision);
  if (!status)
    status = use_resolution(&argc, argv);
  if (!status && !own)
    status = use_device(&argc, argv, precision, &device);
  if (status)
    return status;
  if (argc > 1) {
    const Command *command = find_command(argv[1]);
    if (command) {
      /* Programs read and write our numbers: with a point, whatever the language. */
      setlocale(LC_NUMERIC, "C");
      return cli_answered(command->name, command->run(argc - 1, argv + 1));
    }
    if (g_str_equal(argv[1], "help") || g_str_equal(argv[1], "--help") ||
        g_str_equal(argv[1], "-h")) {
      print_help();
      return cli_answered("help", 0);
    }
    if (g_str_equal(argv[1], "--version")) {
      puts("vitrine " VITRINE_VERSION);
      return cli_answered("--version", 0);
    }
    if (looks_like_command(argv[1])) {
      fprintf(stderr,
              "vitrine: \"%s\" is neither a command nor a file (\"vitrine --help\" explains)\n",
              cli_name(argv[1]));
      return 2;
    }
  }
  if (window)
    return window(argc, argv, device);
  fprintf(stderr, "vitrine: built without the window (GTK 4 and libadwaita were not found); "
                  "see \"vitrine --help\" for the commands\n");
  return 2;
}
