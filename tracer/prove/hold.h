/*
 * hold: one hold as it is asked for, and the gate policy that carries it out in our own core.
 *
 * A part is held behind its last byte (part_sent) and Complete before its first
 * (request_start): the answer is late, and nothing else about it changes. Only first
 * attempts are held. A gate freezes the thread that passes it, so the caller's own thread
 * is never held: that would make every call wait. Programs are held by the relay instead.
 */
#ifndef TR_PROVE_HOLD_H
#define TR_PROVE_HOLD_H

#include <stddef.h>

#include "core/event/status.h"
#include "tracer/foreign/contract.h"
#include "tracer/prove/plan.h"

enum { TR_MAX_WANTED = 16, TR_WANTED_TEXT = 96 };

struct tr_wanted {
	enum xf_op op;     /* UploadPart, PutObject, CompleteMultipartUpload */
	uint32_t part;     /* 0: op says it */
	uint32_t times;    /* programs: how many requests that match */
	uint64_t hold_ns;  /* 0 is a hold like any other: it begins and ends */
	uint64_t object;   /* programs: tr_ids_object(); 0: any */
	uint32_t transfer; /* our own core, whose transfers have the same numbers in every run; TR_NONE: any */
	bool gate;         /* programs: hold the thread that sends, so that no time limit of the client's runs */
};

/*
 * What a target comes to; returns how many (EARLY: one a part, `room` at most). like: length, times, and how
 * it is held.
 */
uint32_t tr_wanted_of(const struct tr_target *target, const struct tr_wanted *like, uint32_t room, struct tr_wanted *list);

/* As one word, and back. Errors: XF_INVALID. */
const char *tr_wanted_text(const struct tr_wanted *w, char buf[TR_WANTED_TEXT]);
enum xf_status tr_wanted_parse(const char *text, struct tr_wanted *w, struct xf_error *err);

/* For the relay. */
struct tr_control_hold tr_wanted_for_relay(const struct tr_wanted *w);

/*
 * For our own core: installs the policy, after the recording began, on the thread that
 * will make the call: that one is never held. The list is copied.
 */
void tr_gate_hold(const struct tr_wanted *list, uint32_t nr);
/* Whoever is held goes on, and nobody is held any more. Thread: any. */
void tr_gate_let_go(void);

#endif
