/* whole: the half of front.h that lacks nothing. */
#include <stdlib.h>
#include <sys/prctl.h>

#include "tui/command/front.h"

/* It is known by one name, whoever of the two runs. */
void ui_front_keep(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	prctl(PR_SET_NAME, "xferdb");
}

bool ui_front_lacks(const struct ui_arguments *arguments)
{
	(void)arguments;
	return false;
}

int ui_front_hand_over(const struct ui_arguments *arguments)
{
	(void)arguments;
	abort();
}

void ui_front_forget(void)
{
}
