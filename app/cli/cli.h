/* The headless commands. They use the engine only: no GTK, no display, no settings.
 *
 * Each takes its own name as argv[0] and its options after it, and returns the exit status of the
 * process: 0 done, 1 failed, 2 wrong usage. Errors are one line on standard error, "vitrine
 * COMMAND: what". */
#pragma once

#include "engine/directions/direction-set.h"
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* The whole program: "vitrine COMMAND …" runs a command, all else opens the window by `window`,
 * whose `device` is what --device named (NULL: nothing). `window` NULL: built without one. */
typedef int (*CliWindowFunc)(int argc, char **argv, const char *device);
int cli_program(int argc, char **argv, CliWindowFunc window);

int cli_generate(int argc, char **argv);
int cli_train(int argc, char **argv);
int cli_score(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_convert(int argc, char **argv);
int cli_metrics(int argc, char **argv);
int cli_mix(int argc, char **argv);
int cli_dataset(int argc, char **argv);
int cli_control(int argc, char **argv);
int cli_prune(int argc, char **argv);
int cli_strip(int argc, char **argv);
int cli_layers(int argc, char **argv);
int cli_runs(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_attribute(int argc, char **argv);
int cli_channels(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_directions(int argc, char **argv);
int cli_dissect(int argc, char **argv);
int cli_influence(int argc, char **argv);
int cli_noise(int argc, char **argv);
int cli_truncation(int argc, char **argv);
int cli_pca(int argc, char **argv);
int cli_resample(int argc, char **argv);
int cli_sefa(int argc, char **argv);
int cli_project(int argc, char **argv);
int cli_drag(int argc, char **argv);
int cli_examine(int argc, char **argv);
int cli_video(int argc, char **argv);

/* ---- what the commands share (common.c) ---- */

/* Errors in this domain are the caller's: exit status 2 instead of 1. */
#define CLI_USAGE_ERROR (cli_usage_error_quark())
GQuark cli_usage_error_quark(void);
void cli_set_usage_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A path or another name in what is printed for people (sg_visible()) and, as it is but for bytes
 * that are no UTF-8, in JSON. Not to be freed. */
const char *cli_name(const char *path);
const char *cli_json_name(const char *path);

/* Says `error` (if any) on one line of standard error, frees it, and returns the exit status. */
int cli_finish(const char *command, GError *error);

/* What a number option takes, both ends included. */
typedef struct {
  const char *option;
  double min, max;
} CliRange;

/* Number options without a range take finite numbers as far as this, and ints. */
#define CLI_NUMBER_MAX 1e9

typedef struct _CliRecipeOptions CliRecipeOptions;

typedef struct {
  const char *parameters;   /* "IMAGE…" or "" */
  const char *summary;      /* one sentence */
  const char *details;      /* after the options in --help, or NULL */
  GOptionGroup **groups;    /* more options, NULL-terminated; taken; NULL for none */
  const CliRange *ranges;   /* of number options, to one whose option is NULL; or NULL */
  CliRecipeOptions *recipe; /* the options of a recipe as well; or NULL */
} CliHelp;

/* Parses `entries` (as in GOptionEntry; both --name=value and --name value). What remains in argv
 * after the command's name are the operands. Prints help and exits on --help. FALSE with
 * CLI_USAGE_ERROR for what it does not know, and for what is no number of its option's range. */
gboolean cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const CliHelp *help,
                   GError **error);
/* A finite number from min to max; `option` is its name without dashes. */
gboolean cli_parse_number(const char *option, const char *text, double min, double max,
                          double *value, GError **error);
gboolean cli_parse_int(const char *option, const char *text, gint64 min, gint64 max, gint64 *value,
                       GError **error);
/* "12" of a model with so many classes, or "none": -1. */
gboolean cli_parse_class(const char *text, const SgModelInfo *info, int *label, GError **error);

/* "0-3,7" -> guint32 0 1 2 3 7, in the order given, at most CLI_MAX_SEEDS of them. */
#define CLI_MAX_SEEDS 1000000
GArray *cli_parse_seeds(const char *text, GError **error);
/* The same for another option; `option` is its name without dashes. */
GArray *cli_parse_numbers(const char *option, const char *text, GError **error);

/* --network of every command: a model file, or a training's folder, which stands for its newest
 * snapshot. What has to be known of the model (it lacks its discriminator…) is said on standard
 * error. */
SgModel *cli_load_model(const char *path, GError **error);
/* Puts the number into --class=NAME, by the names that the model of --network gives its classes.
 * cli_parse() does it for all commands. */
gboolean cli_resolve_class(int argc, char **argv, GError **error);

/* The same where --network may be left out: then it is the model that the picture `recipe` was made
 * with, found by the hash of its weights beside the picture or among those that come with
 * Vitrine. */
SgModel *cli_load_model_of(const char *path, const char *recipe, GError **error);

/* ---- options that make a recipe (recipe.c): one block for every command that draws ---- */

struct _CliRecipeOptions {
  const char *const *only;    /* options that the command takes, NULL-terminated; NULL: all */
  const char *const *without; /* but these; NULL: none is left out */
  GArray *values;             /* of char *, one a field of the recipe, NULL where not given */
  GArray *entries;            /* of GOptionEntry */
  char *recipe;
  char **set, **locks, **directions, **noise_maps;
};

/* Fills `entries`; freed by clear. */
void cli_recipe_options_init(CliRecipeOptions *o, const char *const *only,
                             const char *const *without);
void cli_recipe_options_clear(CliRecipeOptions *o);
/* Was this option given? */
gboolean cli_recipe_option_given(const CliRecipeOptions *o, const char *option);
/* The recipe inside a saved picture, or of a .json file, for this model; warns on standard error
 * when it was made with other weights. Errors name the file. */
SgRecipe *cli_read_recipe(const char *command, const char *path, const SgModel *model,
                          GError **error);
/* The recipe of --recipe, or a new one for the model, with what the other options say. Warns on
 * standard error, as `command`, when the recipe was made with other weights. */
SgRecipe *cli_recipe_new(const CliRecipeOptions *o, const char *command, const SgModel *model,
                         GError **error);

/* ---- directions that a command line names (direction-option.c) ---- */

/* A file of directions for this model. Says on standard error, as `command`, where they are of
 * another model; another length is an error. */
SgDirectionSet *cli_load_directions(const char *command, const char *path, const SgModel *model,
                                    GError **error);
/* The one that "FILE[#NAME]" names, to be freed; without a name the first. */
SgNamedDirection *cli_load_direction(const char *command, const char *text, const SgModel *model,
                                     GError **error);
/* Adds the one that "FILE[#NAME][=STRENGTH][:LAYERS]" (or "FILE:+2.5:0-3") names to the recipe;
 * without LAYERS to those that it was found for. */
gboolean cli_apply_direction(const char *command, const char *text, const SgModel *model,
                             SgRecipe *r, GError **error);

/* `status`, or 1 after a line on standard error if not all that was printed could be written: an
 * answer that is lost is no success. */
int cli_answered(const char *command, int status);

/* Writes an object to standard output, indented; takes it. */
struct json_t;
void cli_print_json(struct json_t *root);

/* Says on standard error how far a long job is: at once on a terminal, else once it takes long. */
typedef struct {
  const char *what; /* "pictures" */
  gsize total;
  gint64 started, last; /* monotonic microseconds */
  gboolean terminal, shown;
} CliProgress;
void cli_progress_begin(CliProgress *p, const char *what, gsize total);
void cli_progress_update(CliProgress *p, gsize done);
/* Wipes the line off a terminal; also right after an error, before it is printed. */
void cli_progress_end(CliProgress *p);

G_END_DECLS
