/* get: an object to a file, a pipe or a device. */
#include "tui/command/arguments.h"
#include "tui/command/carry.h"

int ui_get_run(struct ui_arguments *arguments)
{
	return ui_carry(arguments, &(const struct ui_carry){ .command = "get", .download = true });
}
