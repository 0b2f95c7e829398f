/*
 * race: the line protocol between the command and its clients. A client is this program
 * again, `race --as client-N BUCKET`; one line each way at a time:
 *
 *     round ROUND MODE WRITER GAP_NS KEY     get ready for this object
 *     ready                                  … it is
 *     go AT_NS                               begin at that instant of CLOCK_MONOTONIC
 *     returned                               its put has returned, or it found the object
 *     report BEGIN CHECKED FOUND PUT RETURNED STORED OUTCOME TEXT…
 *
 * TEXT is why it failed. The end of its input ends a client.
 */
#ifndef UI_COMMAND_RACE_H
#define UI_COMMAND_RACE_H

#include "tracer/experiment/race.h"
#include "tui/command/arguments.h"

/* ORDER race words: as the option's choices */
enum ui_race_mode { UI_CHECK_THEN_PUT, UI_IF_NONE_MATCH, UI_LOCK_FREE, UI_RACE_MODES };
enum ui_race_writer { UI_BLOCKING, UI_FIRE_AND_FORGET, UI_RACE_WRITERS };
enum ui_race_start { UI_TOGETHER, UI_TURNS, UI_RACE_STARTS };

/* ORDER race outcomes */
enum ui_race_outcome { UI_RACE_FOUND, UI_RACE_STORED, UI_RACE_REFUSED, UI_RACE_FAILED };

/* One client's life; the exit status. */
int ui_race_client(struct ui_arguments *arguments);

#endif
