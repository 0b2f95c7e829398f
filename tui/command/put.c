/* put: files to objects. */
#include "tui/command/arguments.h"
#include "tui/command/carry.h"

int ui_put_run(struct ui_arguments *arguments)
{
	return ui_carry(arguments, &(const struct ui_carry){ .command = "put" });
}
