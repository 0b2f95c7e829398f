/* main: finds the subcommand in the table and runs it. */
#include <stdio.h>

int main(void)
{
	printf("xferdb " XFERDB_VERSION "\n");
	return 0;
}
