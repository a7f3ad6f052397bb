/* VitrineLessonBar: a lesson below the picture: what to do, what the paper saw, and the scene by
 * one click.
 *
 * It reads the lessons when it first becomes visible. Actions of its window that it takes:
 * win.see-pane, win.lessons. */
#pragma once

#include <gtk/gtk.h>
#include "app/lessons/vitrine-lesson.h"
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_LESSON_BAR (vitrine_lesson_bar_get_type())
G_DECLARE_FINAL_TYPE(VitrineLessonBar, vitrine_lesson_bar, VITRINE, LESSON_BAR, GtkBox)

/* Once. */
void vitrine_lesson_bar_set_session(VitrineLessonBar *self, VitrineSession *session);
/* Of VitrineLesson, borrowed; NULL: they are not read yet. */
GPtrArray *vitrine_lesson_bar_get_lessons(VitrineLessonBar *self);
/* Lesson and step, from 0, and its scene. */
void vitrine_lesson_bar_go(VitrineLessonBar *self, guint lesson, guint step);

G_END_DECLS
