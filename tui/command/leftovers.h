/*
 * leftovers: what transfers left on the service, or found there, said by name on standard error: the
 * uploads that were aborted, are still there, or were continued.
 */
#ifndef UI_COMMAND_LEFTOVERS_H
#define UI_COMMAND_LEFTOVERS_H

#include "core/transfer/manager.h"

/* Why a transfer failed, and what became of its multipart upload. */
void ui_leftovers_error(const struct xf_transfer_info *info, const struct xf_error *err);

/* What may be left or stored, where the service did not answer; nothing to say: nothing is said. */
void ui_leftovers_unanswered(const struct xf_transfer_info *info);

/* What --resume did, of every transfer. */
void ui_leftovers_resumed(struct xf_manager *m);

#endif
