/* From a pickle's tree to flat names: modules, dicts and lists are walked, tensors become views,
 * plain values become attributes. The tree may share and contain itself and be as deep as it
 * likes. */
#include "engine/base/number.h"
#include "engine/formats/format-error.h"
#include "engine/formats/torch.h"
#include <string.h>

#define MAX_DEPTH     64
#define MAX_TEXT      256   /* longer strings (source code) are of no use to anybody here */
#define MAX_OWN_TEXT  65536 /* but what sg_torch_write() says of an architecture is */
#define MAX_LIST_TEXT 64

/* Among what we are: it decides what a NumPy array means. */
typedef enum { IN_DICT, IN_ATTRIBUTES, IN_VARIABLES } WalkKind;

typedef struct {
  SgTorch torch;
  WalkKind kind;
  GString *path; /* of the node that is looked at; "" at the root */
  int depth;
  guint64 work_left;
} Walk;

static gboolean walk(Walk *w, SgPickleNode *node, GError **error);

static gboolean
spend(Walk *w, guint64 work, GError **error)
{
  if (work > w->work_left)
    return sg_broken(error, "it repeats itself more often than any model does");
  w->work_left -= work;
  return TRUE;
}

/* Walks `node` under path + '.' + name. */
static gboolean
walk_child(Walk *w, WalkKind kind, const char *name, SgPickleNode *node, GError **error)
{
  gsize length = w->path->len;
  WalkKind outer = w->kind;
  gboolean ok;

  if (w->depth == MAX_DEPTH)
    return sg_broken(error, "it is nested more than %d levels deep", MAX_DEPTH);
  if (length > 0)
    g_string_append_c(w->path, '.');
  g_string_append_len(w->path, name, (gssize)MIN(strlen(name), 1024));
  w->depth++;
  w->kind = kind;
  ok = walk(w, node, error);
  w->kind = outer;
  w->depth--;
  g_string_truncate(w->path, length);
  return ok;
}

static gboolean
add_text(Walk *w, const char *name, const char *text, GError **error)
{
  g_autofree char *full =
      w->path->len ? g_strconcat(w->path->str, ".", name, NULL) : g_strdup(name);
  return sg_archive_builder_add_attribute(w->torch.b, full, text, error);
}

/* ---- plain values ---------------------------------------------------------------------------- */

/* As Python would print it; NULL if the node is no plain value or a long one. To be freed. */
static char *
plain_text(const SgPickleNode *node)
{
  switch (node->type) {
  case SG_PK_NONE:
    return g_strdup("None");
  case SG_PK_BOOL:
    return g_strdup(node->integer ? "True" : "False");
  case SG_PK_INT:
    return g_strdup_printf("%" G_GINT64_FORMAT, node->integer);
  case SG_PK_FLOAT:
    return sg_number_text(node->real);
  case SG_PK_STRING:
    if (node->text.length > MAX_TEXT)
      return NULL;
    return g_utf8_make_valid(node->text.data, -1);
  default:
    return NULL;
  }
}

/* "[4, 8, 16]" of a short list of plain values; NULL otherwise. To be freed. */
static char *
list_text(const SgPickleNode *node)
{
  if ((node->type != SG_PK_LIST && node->type != SG_PK_TUPLE) || node->seq.n > MAX_LIST_TEXT)
    return NULL;
  GString *s = g_string_new("[");
  for (gsize i = 0; i < node->seq.n; i++) {
    g_autofree char *item = plain_text(node->seq.items[i]);
    if (!item || s->len > 1024) {
      g_string_free(s, TRUE);
      return NULL;
    }
    g_string_append_printf(s, "%s%s", i ? ", " : "", item);
  }
  g_string_append_c(s, ']');
  return g_string_free(s, FALSE);
}

/* ---- dicts ----------------------------------------------------------------------------------- */

/* The dict a node is or behaves as: dict, OrderedDict, EasyDict, Namespace. */
static SgPickleNode *
as_dict(SgPickleNode *node)
{
  if (node->type == SG_PK_DICT)
    return node;
  if (node->type != SG_PK_CALL)
    return NULL;
  if (sg_pickle_is_call(node, "argparse", "Namespace"))
    return node->call.state && node->call.state->type == SG_PK_DICT ? node->call.state : NULL;
  return node->call.dict;
}

static SgPickleNode *
dict_get(Walk *w, SgPickleNode *dict, const char *key)
{
  /* The search counts as work; when it is used up, the next spend() says so. */
  guint64 cost = dict ? dict->seq.n / 2 : 0;
  w->work_left -= MIN(cost, w->work_left);
  for (gsize i = dict ? dict->seq.n : 0; i >= 2; i -= 2)
    if (strcmp(sg_pickle_text(dict->seq.items[i - 2]), key) == 0)
      return dict->seq.items[i - 1];
  return NULL;
}

/* A number of a state dict as Python has it, where others wrote an array without dimensions (noise
 * strengths): a tensor as well. */
static gboolean
add_number(Walk *w, const char *key, double value, GError **error)
{
  g_autofree char *name = w->path->len ? g_strconcat(w->path->str, ".", key, NULL) : g_strdup(key);
  guint64 bits;
  memcpy(&bits, &value, 8);
  bits = GUINT64_TO_LE(bits);
  g_autoptr(GBytes) bytes = g_bytes_new(&bits, 8);
  SgStorage *storage = sg_storage_new(SG_DTYPE_FLOAT64, 1);
  SgView view = {.storage = sg_archive_builder_add_storage(w->torch.b, storage)};

  storage->source = sg_source_new_bytes(bytes);
  return sg_archive_builder_add_view(w->torch.b, name, &view, error);
}

/* Among tensors: one of the values is an array or a tensor. */
static gboolean
holds_tensors(Walk *w, SgPickleNode *dict)
{
  for (gsize i = 0; i + 1 < dict->seq.n; i += 2) {
    const SgPickleNode *value = dict->seq.items[i + 1];
    const char *module = value->type == SG_PK_CALL ? value->call.callable->global.module : "";
    if (g_str_has_prefix(module, "torch._utils") || g_str_has_prefix(module, "numpy"))
      return TRUE;
  }
  return FALSE;
}

static gboolean
walk_dict(Walk *w, SgPickleNode *dict, GError **error)
{
  gboolean state = w->kind == IN_DICT && holds_tensors(w, dict);

  for (gsize i = 0; i + 1 < dict->seq.n; i += 2) {
    g_autofree char *key = plain_text(dict->seq.items[i]);
    if (!key)
      continue;
    const SgPickleNode *value = dict->seq.items[i + 1];
    if (state && value->type == SG_PK_FLOAT && (w->path->len || strchr(key, '.'))) {
      if (!add_number(w, key, value->real, error))
        return FALSE;
      continue;
    }
    if (!walk_child(w, w->kind == IN_ATTRIBUTES ? IN_ATTRIBUTES : IN_DICT, key,
                    dict->seq.items[i + 1], error))
      return FALSE;
  }
  return TRUE;
}

/* OrderedDict ([[key, value], …]), as Python 2 wrote a state dict: its pairs; NULL: something
 * else. */
static SgPickleNode *
as_pairs(SgPickleNode *node)
{
  if (!sg_pickle_is_call(node, "collections", "OrderedDict"))
    return NULL;
  SgPickleNode *pairs = sg_pickle_item(node->call.args, 0);
  return pairs && pairs->type == SG_PK_LIST ? pairs : NULL;
}

static gboolean
walk_pairs(Walk *w, SgPickleNode *pairs, GError **error)
{
  WalkKind kind = w->kind == IN_ATTRIBUTES ? IN_ATTRIBUTES : IN_DICT;

  for (gsize i = 0; i < pairs->seq.n; i++) {
    SgPickleNode *key = sg_pickle_item(pairs->seq.items[i], 0);
    SgPickleNode *value = sg_pickle_item(pairs->seq.items[i], 1);
    g_autofree char *name = key ? plain_text(key) : NULL;
    if (name && value && !walk_child(w, kind, name, value, error))
      return FALSE;
  }
  return TRUE;
}

/* A TorchScript object: what it has by its names, submodules and tensors alike. Its code is not
 * read. */
static SgPickleNode *
script_state(const SgPickleNode *node)
{
  if (node->type != SG_PK_CALL ||
      !g_str_has_prefix(node->call.callable->global.module, "__torch__"))
    return NULL;
  SgPickleNode *state = node->call.state;
  return state && state->type == SG_PK_DICT ? state : NULL;
}

static gboolean
walk_list(Walk *w, SgPickleNode *list, GError **error)
{
  for (gsize i = 0; i < list->seq.n; i++) {
    char name[24];
    g_snprintf(name, sizeof name, "%" G_GSIZE_FORMAT, i);
    if (!walk_child(w, w->kind, name, list->seq.items[i], error))
      return FALSE;
  }
  return TRUE;
}

/* ---- modules --------------------------------------------------------------------------------- */

/* The attributes of a module object, and its class through `class_name`: NVlabs' persistence
 * objects, and modules pickled whole. NULL if the node is none. */
static SgPickleNode *
module_state(Walk *w, SgPickleNode *node, const char **class_name)
{
  SgPickleNode *state;

  if (node->type != SG_PK_CALL)
    return NULL;
  if (sg_pickle_is_call(node, "torch_utils.persistence", "_reconstruct_persistent_obj")) {
    SgPickleNode *meta = sg_pickle_item(node->call.args, 0);
    if (!meta || meta->type != SG_PK_DICT)
      return NULL;
    *class_name = sg_pickle_text(dict_get(w, meta, "class_name"));
    state = dict_get(w, meta, "state");
    return state && state->type == SG_PK_DICT ? state : NULL;
  }
  state = node->call.state;
  if (!state || state->type != SG_PK_DICT || !dict_get(w, state, "_modules") ||
      !dict_get(w, state, "_parameters"))
    return NULL;
  *class_name = node->call.callable->global.name;
  return state;
}

static gboolean
walk_members(Walk *w, SgPickleNode *state, const char *name, GError **error)
{
  SgPickleNode *members = dict_get(w, state, name);
  SgPickleNode *dict = members ? as_dict(members) : NULL;
  WalkKind outer = w->kind;

  w->kind = IN_DICT;
  gboolean ok = !dict || walk_dict(w, dict, error);
  w->kind = outer;
  return ok;
}

static gboolean
add_module_attributes(Walk *w, SgPickleNode *state, const char *class_name, GError **error)
{
  if (class_name[0] && strlen(class_name) <= MAX_TEXT &&
      !add_text(w, "class_name", class_name, error))
    return FALSE;
  for (gsize i = 0; i + 1 < state->seq.n; i += 2) {
    const char *key = sg_pickle_text(state->seq.items[i]);
    SgPickleNode *value = state->seq.items[i + 1];
    /* Hooks, constructor arguments and the like say nothing that the plain attributes do not. */
    if (key[0] == '_' || key[0] == '\0' || strcmp(key, "training") == 0)
      continue;
    if (!walk_child(w, IN_ATTRIBUTES, key, value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
walk_module(Walk *w, SgPickleNode *state, const char *class_name, GError **error)
{
  return spend(w, state->seq.n, error) && add_module_attributes(w, state, class_name, error) &&
         walk_members(w, state, "_parameters", error) &&
         walk_members(w, state, "_buffers", error) && walk_members(w, state, "_modules", error);
}

/* ---- TensorFlow networks --------------------------------------------------------------------- */

/* Variables are named "Gs.synthesis/4x4/Conv/weight": the component path as TensorFlow writes
 * it. */
static gboolean
walk_variables(Walk *w, SgPickleNode *list, GError **error)
{
  for (gsize i = 0; list && list->type == SG_PK_LIST && i < list->seq.n; i++) {
    const char *name = sg_pickle_text(sg_pickle_item(list->seq.items[i], 0));
    SgPickleNode *value = sg_pickle_item(list->seq.items[i], 1);
    if (!name[0] || !value)
      return sg_broken(error, "a variable of a TensorFlow network has no name or no value");
    if (!walk_child(w, IN_VARIABLES, name, value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
walk_tensorflow(Walk *w, SgPickleNode *state, GError **error)
{
  static const char *const attributes[] = {"version", "build_func_name", "static_kwargs"};
  SgPickleNode *components = dict_get(w, state, "components");

  for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
    SgPickleNode *value = dict_get(w, state, attributes[i]);
    if (value && !walk_child(w, IN_ATTRIBUTES, attributes[i], value, error))
      return FALSE;
  }
  SgPickleNode *dict = components ? as_dict(components) : NULL;
  return walk_variables(w, dict_get(w, state, "variables"), error) &&
         (!dict || walk_dict(w, dict, error));
}

/* ---- any node -------------------------------------------------------------------------------- */

/* "[36, 36]" of a small array, "0.5" of a scalar. To be freed. */
static char *
array_text(const SgTensor *array)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GString *s = g_string_new(array->ndim ? "[" : "");
  for (gsize i = 0; i < array->numel; i++)
    g_string_append_printf(s, "%s%s", i ? ", " : "",
                           g_ascii_dtostr(number, sizeof number, array->data[i]));
  return g_string_free(g_string_append(s, array->ndim ? "]" : ""), FALSE);
}

/* NumPy arrays and scalars: TensorFlow's variables and what dicts hold are tensors like PyTorch's,
 * also those of one number (noise strengths); what modules have among their attributes (gains,
 * sizes) is not. */
static gboolean
add_array(Walk *w, const SgView *view, GError **error)
{
  SgView named = *view;
  guint64 numel;

  named.name = w->path->str;
  gboolean is_tensor = w->kind == IN_VARIABLES || w->kind == IN_DICT;
  if (is_tensor && !sg_archive_builder_add_view(w->torch.b, w->path->str, view, error))
    return FALSE;
  /* Beside the networks a number is a note (how far a training was) as well. */
  if (is_tensor && (view->ndim > 0 || strchr(w->path->str, '.')))
    return TRUE;
  if (!sg_view_check(&named, &numel, error))
    return FALSE;
  if (numel > 16)
    return TRUE;
  g_autoptr(SgTensor) array = sg_view_read(&named, error);
  if (!array)
    return FALSE;
  g_autofree char *text = array_text(array);
  return sg_archive_builder_add_attribute(w->torch.b, w->path->str, text, error);
}

/* An attribute that is an object or a function: by its name, so that nobody passes over it. */
static gboolean
add_object(Walk *w, const SgPickleNode *node, GError **error)
{
  const SgPickleNode *global = node->type == SG_PK_CALL ? node->call.callable : node;

  if (global->type != SG_PK_GLOBAL)
    return TRUE;
  g_autofree char *name = g_strdup_printf("%s.%s%s", global->global.module, global->global.name,
                                          node->type == SG_PK_CALL ? "()" : "");
  g_autofree char *text = g_utf8_make_valid(name, MIN((gssize)strlen(name), MAX_TEXT));
  return sg_archive_builder_add_attribute(w->torch.b, w->path->str, text, error);
}

static gboolean
walk_container(Walk *w, SgPickleNode *node, GError **error)
{
  const char *class_name = "";
  SgPickleNode *state = module_state(w, node, &class_name), *dict;

  if (state)
    return walk_module(w, state, class_name, error);
  if (sg_pickle_is_call(node, "dnnlib.tflib.network", "Network") && node->call.state &&
      node->call.state->type == SG_PK_DICT)
    return walk_tensorflow(w, node->call.state, error);
  if ((dict = script_state(node)) || (dict = as_dict(node)))
    return walk_dict(w, dict, error);
  if ((dict = as_pairs(node)))
    return walk_pairs(w, dict, error);
  if (node->type == SG_PK_LIST || node->type == SG_PK_TUPLE)
    return walk_list(w, node, error);
  return w->kind != IN_ATTRIBUTES || add_object(w, node, error);
}

/* A long text of a file that we wrote; a string may stand in many places, so each costs its
 * length. To be freed. */
static char *
own_text(Walk *w, const SgPickleNode *node)
{
  if (node->type != SG_PK_STRING || node->text.length > MAX_OWN_TEXT ||
      node->text.length > w->work_left || !g_str_has_prefix(w->path->str, "__metadata__."))
    return NULL;
  w->work_left -= node->text.length;
  return g_utf8_make_valid(node->text.data, -1);
}

static gboolean
walk(Walk *w, SgPickleNode *node, GError **error)
{
  SgView view;
  gboolean is_array, ok;

  if (!spend(w, 1, error))
    return FALSE;
  g_autofree char *text = plain_text(node);
  if (!text)
    text = list_text(node);
  if (!text)
    text = own_text(w, node);
  if (text)
    return w->path->len == 0 ||
           sg_archive_builder_add_attribute(w->torch.b, w->path->str, text, error);
  switch (sg_torch_find(&w->torch, node, &view, &is_array, error)) {
  case SG_FOUND_BROKEN:
    return FALSE;
  case SG_FOUND:
    return is_array ? add_array(w, &view, error)
                    : sg_archive_builder_add_view(w->torch.b, w->path->str, &view, error);
  default:
    break;
  }
  if (node->busy) /* it contains itself: everything in it is being walked already */
    return TRUE;
  node->busy = TRUE;
  ok = walk_container(w, node, error);
  node->busy = FALSE;
  return ok;
}

gboolean
sg_pickle_walk(SgArchiveBuilder *b, SgPickle *pickle, SgPickleNode *root, GError **error)
{
  Walk w = {.torch = {b, pickle}, .path = g_string_new(NULL)};
  gboolean ok;

  w.work_left = 64 * sg_pickle_count(pickle) + 100000;
  ok = walk(&w, root, error);
  g_string_free(w.path, TRUE);
  return ok;
}

/* ---- plain pickle files ------------------------------------------------------------------ */

/* NVlabs' TensorFlow pickles are a tuple (G, D, Gs). */
static gboolean
is_tensorflow(const SgPickleNode *root)
{
  if (root->type != SG_PK_TUPLE || root->seq.n != 3)
    return FALSE;
  for (gsize i = 0; i < 3; i++)
    if (!sg_pickle_is_call(root->seq.items[i], "dnnlib.tflib.network", "Network"))
      return FALSE;
  return TRUE;
}

static gboolean
holds_persistence(const SgPickleNode *root)
{
  for (gsize i = 1; root->type == SG_PK_DICT && i < root->seq.n; i += 2)
    if (sg_pickle_is_call(root->seq.items[i], "torch_utils.persistence",
                          "_reconstruct_persistent_obj"))
      return TRUE;
  return FALSE;
}

static SgPickleNode *
name_networks(SgPickle *pickle, const SgPickleNode *tuple)
{
  static const char *const names[3] = {"G", "D", "Gs"};
  SgPickleNode *dict = sg_pickle_alloc(pickle, sizeof *dict);
  dict->type = SG_PK_DICT;
  dict->seq.items = sg_pickle_alloc(pickle, 6 * sizeof *dict->seq.items);
  dict->seq.n = dict->seq.capacity = 6;
  for (gsize i = 0; i < 3; i++) {
    SgPickleNode *key = sg_pickle_alloc(pickle, sizeof *key);
    key->type = SG_PK_STRING;
    key->text.data = names[i];
    key->text.length = strlen(names[i]);
    dict->seq.items[2 * i] = key;
    dict->seq.items[2 * i + 1] = tuple->seq.items[i];
  }
  return dict;
}

gboolean
sg_pickle_file_read(SgArchiveBuilder *b, GError **error)
{
  SgPickle *pickle = sg_pickle_new();
  const char *what = "pickle";
  guint64 offset = 0;

  g_ptr_array_add(b->pickles, pickle);
  SgPickleNode *root = sg_pickle_load(pickle, b->source, &offset, error);
  if (!root)
    return FALSE;
  int protocol = sg_pickle_protocol(pickle);
  if (is_tensorflow(root)) {
    root = name_networks(pickle, root);
    what = "NVlabs TensorFlow pickle";
  } else if (holds_persistence(root))
    what = "NVlabs PyTorch pickle";
  b->archive->kind = g_strdup_printf("%s, protocol %d", what, protocol);
  return sg_pickle_walk(b, pickle, root, error);
}
