/* What the tests of the trainer's options share. */
#pragma once

#include "engine/learn/options.h"

#define EACH(row)                                                                                  \
  for (const SgTrainOption *row = sg_train_option_table;                                           \
       row < sg_train_option_table + sg_train_option_count; row++)

SgTrainOptions *fresh(const char *preset);
/* As the command does once the data set is open. */
SgTrainOptions *for_resolution(const char *preset, int resolution);
/* Neither may fail. */
void set(SgTrainOptions *o, const char *name, const char *value);
void resolve(SgTrainOptions *o);
/* How many bytes a row's field has. */
gsize size_of(const SgTrainOption *row);
gboolean same(const SgTrainOption *row, SgTrainOptions *a, SgTrainOptions *b);
void assert_same(SgTrainOptions *a, SgTrainOptions *b);
/* A text that the row takes; of all but aug another value than auto's. */
const char *legal_value(const SgTrainOption *row);
