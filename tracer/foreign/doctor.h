/*
 * doctor: what of all this works on this machine, and what is lost where it does
 * not. A table of checks; each tries the thing itself where it can.
 */
#ifndef TR_FOREIGN_DOCTOR_H
#define TR_FOREIGN_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

enum tr_doctor_result { TR_WORKS, TR_WORKS_PARTLY, TR_WORKS_NOT, TR_DOCTOR_RESULTS };

struct tr_check {
	const char *name;      /* "notify" */
	const char *what;      /* what it is, a few words */
	const char *lost;      /* what is lost without it */
	/* Finds out; detail: what was found, or why not, for people. */
	enum tr_doctor_result (*run)(char *detail, size_t cap);
};

extern const struct tr_check tr_checks[];
extern const unsigned tr_nr_checks;

const char *tr_doctor_word(enum tr_doctor_result result); /* "works" "partly" "no" */

#endif
