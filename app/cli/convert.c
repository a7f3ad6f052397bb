/* vitrine convert IN OUT: any readable model to native safetensors. */
#include "app/cli/cli.h"
#include <stdio.h>

static GError *
convert(const char *in, const char *out, gboolean light, gboolean json)
{
  GError *error = NULL;
  g_autoptr(SgModel) whole = cli_load_model(in, &error);
  g_autoptr(SgModel) model = NULL;

  if (whole)
    model = light ? sg_model_new_light(whole) : sg_model_ref(whole);
  if (!model || !sg_model_save(model, out, &error))
    return error;
  if (json) {
    printf("{\"hash\": \"%s\", \"tensors\": %u}\n", model->hash, model->names->len);
  } else {
    g_autofree char *summary = sg_model_summary(model);
    printf("%s: %s\n", out, summary);
  }
  return NULL;
}

int
cli_convert(int argc, char **argv)
{
  gboolean json = FALSE, light = FALSE;
  const GOptionEntry entries[] = {
      {"light", 0, 0, G_OPTION_ARG_NONE, &light,
       "of a training's snapshot only what drawing and scoring need", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print the weights' hash as JSON", NULL},
      {NULL}};
  const CliHelp help = {
      "IN OUT", "Writes any readable model as native safetensors (float32).",
      "OUT appears only when all of it is on disk; what was there stays if that fails."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 3)
    cli_set_usage_error(&error, "expected two files: the model to read and the file to write");
  else
    error = convert(argv[1], argv[2], light, json);
  return cli_finish(command, error);
}
